"""Tokens that tell themselves: by a vendor's published prefix, or as a long run that no person would type."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.spans import Span

HEX = "[a-f0-9]"
# By kind. Each has a prefix of its own and a long random tail; hf_'s is letters alone.
SHAPES = {
    "aws_key": [r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])", r"ABSK[A-Za-z0-9+/=]{40,}"],
    "github_token": [r"gh[pousr]_[A-Za-z0-9]{20,}", r"github_pat_\w{22,}"],
    "gitlab_token": [
        r"gl(?:pat|ptt|dt|rt|cbt|soat|ft|ffct|imt|agent|oas|wt)-[\w.-]{16,}",
        r"GR1348941[\w-]{20}",
    ],
    "slack_token": [r"(?:xox[a-z]|xapp|xoxe\.xox[bp])-[\w-]{10,}"],
    "google_key": [
        *(r"AIza[\w-]{30,}", r"ya29\.[\w-]{16,}", r"GOCSPX-[\w-]{20,}", r"1//0[\w-]{20,}", r"4/0A[\w-]{30,}"),
    ],
    "openai_key": [
        r"sk-(?:proj|svcacct|admin|None|ant|or|lf|litellm)-[\w-]{16,}",
        r"sk-(?=[\w-]{0,100}\d)[\w-]{20,}",
        r"sk-[A-Za-z]{40,}",
    ],
    "stripe_key": [r"(?:[srp]k|sk_org)_(?:live|test)_[A-Za-z0-9]{10,}", r"whsec_[\w+/=]{20,}"],
    "npm_token": [r"npm_[A-Za-z0-9]{30,}"],
    "pypi_token": [r"pypi-Ag[\w-]{30,}"],
    "jwt": [r"eyJ[\w-]{16,}(?:\.[\w-]+){0,4}"],
    "azure_key": [r"[\w.~-]{3}\dQ~[\w.~-]{31,34}"],
    "telegram_token": [r"\d{8,12}:AA[\w-]{30,}"],
    "discord_token": [r"[MNO][\w-]{23,28}\.[\w-]{6}\.[\w-]{25,}", r"mfa\.[\w-]{60,}"],
    "token": [
        # Hugging Face, Groq, Replicate, NVIDIA, Perplexity, xAI, Pinecone, Tavily, LangSmith, Cerebras, Fireworks
        r"(?:hf|api_org|gsk|r8|pcsk|fw)_[A-Za-z0-9]{24,}",
        r"(?:nvapi-|pplx-|xai-|tvly-|csk-|lsv2_(?:pt|sk)_)[\w-]{20,}",
        # DigitalOcean, Docker, Shopify, Supabase, Linear, Notion, Figma, Netlify, Render, Neon, PlanetScale
        r"(?:do[opr]_v1_|dckr_[po]at_|shp(?:at|ca|pa|ss|ua|rt)_|sbp_|sb_secret_|lin_(?:api|oauth)_|fig[douh]{1,2}_)[\w-]{16,}",
        r"(?:secret|ntn|nfp|rnd|napi|npg|vc[pkir]|vercel)_[A-Za-z0-9]{24,}",
        r"pscale_(?:tkn|pw|oauth)_[\w.-]{20,}",
        # Vault, Doppler, Pulumi, Databricks, Terraform, Tailscale, age, 1Password
        r"hv[sbr]\.[\w-]{20,}",
        r"s\.[A-Za-z0-9]{24}(?![A-Za-z0-9])",
        r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}",
        rf"pul-{HEX}{{40}}",
        rf"dapi{HEX}{{32}}",
        r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}",
        r"tskey-[\w-]{16,}",
        r"AGE-SECRET-KEY-1[A-Z0-9]{20,}",
        r"ops_eyJ[\w-]{20,}",
        # Twilio, SendGrid, Mailgun, Mailchimp, Brevo, Resend
        rf"SK{HEX}{{32}}(?![A-Za-z0-9])",
        r"SG\.[\w-]{16,}\.[\w-]{16,}",
        rf"key-{HEX}{{32}}",
        rf"{HEX}{{32}}-us\d{{1,2}}(?!\w)",
        rf"x(?:key|smtp)sib-{HEX}{{40,}}",
        r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}",
        # Grafana, New Relic, Sentry, SonarQube, Dynatrace, Postman, Atlassian, CircleCI, Buildkite
        r"gl(?:sa|c)_[\w+/=]{24,}",
        r"NR(?:AK|JS|II|RA|AA)-[\w-]{20,}",
        r"sntry[su]_[\w+/=.-]{24,}",
        rf"sq[pua]_{HEX}{{40}}",
        r"dt0[a-z]\d\d\.[\w.]{24,}",
        r"PMAK-[\w-]{24,}",
        r"AT(?:ATT|CTT|BB|OA)[\w=+/-]{20,}",
        r"(?:CCI(?:PAT|PRJ)|bk(?:ua|at)|snyk_uat|ory_(?:at|st|pat|ac)|tfp|rdme|pnu|rubygems|whop)_[\w.-]{20,}",
        # Facebook, Square, PayPal, Plaid, Dropbox, HubSpot, Airtable, Contentful, Alibaba, Artifactory, Cloudflare
        r"EAA[A-Za-z0-9]{40,}",
        r"sq0(?:atp|csp|idp)-[\w-]{20,}",
        r"access_token\$\w{4,12}\$[\w$]{16,}",
        r"access-(?:sandbox|development|production)-[a-f0-9-]{30,}",
        r"sl\.[\w-]{60,}",
        rf"pat-(?:na|eu)\d-{HEX}{{8}}-[a-f0-9-]{{20,}}",
        rf"pat[A-Za-z0-9]{{14}}\.{HEX}{{64}}",
        r"CFPAT-[\w-]{30,}",
        r"LTAI[A-Za-z0-9]{12,24}(?!\w)",
        r"AKCp[A-Za-z0-9]{30,}",
        rf"v1\.0-{HEX}{{24}}-{HEX}{{40,}}",
        r"(?:FlyV1|fm\d_|fo1_)[\w+/=-]{20,}",
        r"oy2[a-z0-9]{43}(?!\w)",
        r"HRKU-[\w-]{30,}",
        r"FLWSECK[\w-]{20,}",
        r"duffel_(?:live|test)_[\w-]{20,}",
        r"(?:sdk|mob)-[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12}",
    ],
    # Extended private keys, wallets, Ethereum.
    "private_key": [r"[xyzt]prv[1-9A-HJ-NP-Za-km-z]{80,}", rf"0x(?i:{HEX}){{64}}(?!\w)"],
}
NAMED = [f"(?P<{kind}>{'|'.join(shapes)})" for kind, shapes in SHAPES.items()]
TOKEN = re.compile(f"(?<![A-Za-z0-9])(?:{'|'.join(NAMED)})")
# Only in such runs is looked for them: there are few in prose.
RUN = re.compile(r"""[^\s"'`,;<>(){}\[\]|]{16,}+""")
# No letter's neighbourhood in a name or a word changes so often between letters and digits.
RANDOM = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9]{20,}+")
CHANGE = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
# A web address that is a secret as a whole: who knows it may post.
HOOK = re.compile(
    r"(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/|hooks\.zapier\.com/hooks/catch/"
    r"|webhook\.office\.com/webhookb2/|outlook\.office\.com/webhook/|api\.telegram\.org/bot)([\w/:@.-]{16,})"
)
NEAR_KEY_ID = 200
AWS_SECRET = re.compile(r"(?<![\w/+])[A-Za-z0-9/+]{40}(?![\w/+=])")


def find_tokens(folded: Folded) -> Iterator[Span]:
    text = folded.text
    for run in RUN.finditer(text):
        start, end = run.span()
        for match in TOKEN.finditer(text, start, end):
            yield Span(*match.span(), str(match.lastgroup))
        for match in HOOK.finditer(text, start, end):
            yield Span(*match.span(1), "slack_hook" if match[0].startswith("hooks.slack") else "hook")


def find_random(folded: Folded) -> Iterator[Span]:
    for match in RANDOM.finditer(folded.text):
        if is_random(match[0]):
            yield Span(*match.span(), "token")


def find_aws_secrets(folded: Folded) -> Iterator[Span]:
    """Find what stands without a name beside a key's id."""
    for key_id in re.finditer(r"A[KS]IA[A-Z0-9]{16}", folded.text):
        yield from (
            Span(*match.span(), "aws_key")
            for match in AWS_SECRET.finditer(folded.text, key_id.end(), key_id.end() + NEAR_KEY_ID)
        )


def is_random(run: str) -> bool:
    """Say whether a run of letters and digits is a generated one, and no digest, name or number."""
    has_both_cases = run != run.lower() and run != run.upper()
    return has_both_cases and len(CHANGE.findall(run)) >= 4

"""Secrets out of a text before it leaves the machine.

Patterns miss some secrets and take a few harmless words. The second is the cheaper mistake: only the technologies
are needed. Every pattern takes linear time, also on hostile text: a run of characters is entered once (a lookbehind
on the same characters), or left again after a bounded number of steps.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

# Each with a prefix of its own and a long random tail. One pass for all of them: the name of the group is the kind.
TOKENS = {
    "aws_key": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    "github_token": r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}",
    "gitlab_token": r"gl(?:pat|ptt|dt|rt|cbt|soat|ft|agent|oas)-[\w.-]{20,}",
    "slack_token": r"(?:xox[a-z]|xapp)-[\w-]{10,}",
    "google_key": r"AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}",
    "openai_key": r"sk-(?=[\w-]{0,100}\d)[\w-]{20,}",  # Anthropic's, OpenRouter's and DeepSeek's too
    "stripe_key": r"[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[\w+/=]{20,}",
    "npm_token": r"npm_[A-Za-z0-9]{30,}",
    "pypi_token": r"pypi-Ag[\w-]{30,}",
    "jwt": r"eyJ[\w-]{16,}(?:\.[\w-]+){0,4}",
    "token": (
        r"(?:hf_|gsk_|r8_|glsa_|sbp_|figd_|lin_api_|dop_v1_|dapi|dckr_pat_|shp(?:at|ca|pa|ss)_|hv[sb]\.|SG\."
        r"|NRAK-|PMAK-|ATATT|AGE-SECRET-KEY-|pplx-|xai-|sntrys_)(?=[\w.-]{0,100}\d)[\w.-]{24,}"
    ),
}
TOKEN = re.compile(rf"(?<![\w-])(?:{'|'.join(f'(?P<{kind}>{pattern})' for kind, pattern in TOKENS.items())})")

PASSWORD_NAMES = ("password", "passwort", "passwd", "passphrase", "passcode", "pwd", "kennwort")
KEY_NAMES = ("secret", "token", "geheimnis", "credential", "authorization", "key", "schlüssel")
PASSWORD = rf"(?:{'|'.join(PASSWORD_NAMES)})"
# "key" alone names too much that is none.
KEY = (
    rf"(?:{'|'.join(KEY_NAMES[:-2])}|(?:api|access|account|private|secret|encryption|signing)[ _-]?(?:key|schlüssel))"
)
# From a name to its value: `password=`, `"api_key": `, `config["password"] = `, `DB_PASSWORD_2=`, `token: str = `.
# Atomic, lest a value that is harmless be read as another part of it.
ASSIGNED = (
    r"""(?>s?(?:_?\d|_\w{0,20})?[\]"'\\]{0,3}[ \t]{0,3}"""
    r"""(?::[ \t]{0,3}(?:str|string|SecretStr)[ \t]{0,3}=|=>|:=|={1,3}|:)[ \t]{0,3}\\?)"""
)
SAID = r"""\s{1,3}(?:is|was|ist|war|lautet)\s{1,3}(?=\S{5})"""
FLAG = r"--(?:\w{1,20}-)?"
# No secret, though it follows "password:"; and what is already replaced.
HARMLESS = (
    r"""(?!(?:argon2(?:id|i|d)?|bcrypt|scrypt|pbkdf2|none|null|true|false|required)(?:[\s,;.)]|$)|["']?\[redacted:)"""
)
HAS_DIGIT = r"""(?=[^\s"']{0,200}\d)"""
QUOTED = r"""(?:"[^"\n]{MIN,200}"?|'[^'\n]{MIN,200}'?)"""
ANY_VALUE = rf"""(?:{QUOTED.replace("MIN", "1")}|[^\s"']{{3,}})"""
KEY_VALUE = rf"""(?:{HAS_DIGIT}[^\s"']{{12,}}|{QUOTED.replace("MIN", "8")})"""

# By kind, in this order: words of which one must be there (looking for them costs a tenth of the pattern), and the
# pattern. What its first group matched stays, before the placeholder.
PATTERNS: dict[str, tuple[tuple[str, ...], str]] = {
    # Up to the end of the text when the closing line is missing: half a key is a key.
    "private_key": (
        ("-----begin",),
        r"()-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----(?s:.*?)(?:-----END [A-Z0-9 ]{1,60}-----|\Z)",
    ),
    "url_password": (("://",), r"""(://[^\s:/@[]{0,128}:)(?!\d{1,5}/)[^\s"'<>]{1,256}(?=@)"""),
    "slack_hook": (("hooks.slack",), r"(hooks\.slack\.com/services/)[\w/]{20,}"),
    "azure_key": (("sig=", "q~"), r"([?&]sig=)[\w%+/=-]{20,}|(?<![\w.~-])[\w.~-]{3}\dQ~[\w.~-]{31,34}"),
    "authorization": (
        ("authorization", "bearer", "basic"),
        r"""(?i)(authorization\W{1,6}(?:bearer|basic|token|digest|bot)\s{1,3})[^\s"']{6,}"""
        rf"""|\bbearer\s{{1,3}}{HAS_DIGIT}[^\s"']{{12,}}|\bbasic\s{{1,3}}{HAS_DIGIT}[a-z0-9+/]{{12,}}={{0,2}}(?![\w.-])""",
    ),
    "password": (
        PASSWORD_NAMES,
        rf"(?i)({PASSWORD}(?:{ASSIGNED}|{SAID}{HAS_DIGIT})|{FLAG}{PASSWORD}\s{{1,3}}(?!-)){HARMLESS}{ANY_VALUE}",
    ),
    "secret": (KEY_NAMES, rf"(?i)({KEY}{ASSIGNED}|{FLAG}{KEY}\s{{1,3}}(?!-)){HARMLESS}{KEY_VALUE}"),
    # Not an address: `git@github.com:...` (the host is wanted), `pkg@1.2.3-rc.a`, `unit@1.service`, `logo@2x.png`.
    # `ssh me@host.example` cannot be told from one and goes; `me@host` stays.
    "email": (
        ("@",),
        r"()(?<![\w.+-])(?!git@)[\w.+-]+@(?!v?\d+\.\d|\d+x\.)(?:[\w-]{1,63}\.){1,8}"
        r"(?!(?:service|socket|timer|png|jpe?g|gif|svg|webp)\b)[A-Za-z]{2,24}(?![\w-])",
    ),
}
COMPILED = [(kind, words, re.compile(pattern)) for kind, (words, pattern) in PATTERNS.items()]


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text with placeholders such as `[redacted:aws_key]`, and how many there are of each kind."""

    text: str
    counts: dict[str, int]


def redact(text: str) -> Redacted:
    """Replace what looks like a secret or a personal address."""
    counts: Counter[str] = Counter()

    def replaced(kind: str, kept: str | None = None) -> str:
        counts[kind] += 1
        return f"{kept or ''}[redacted:{kind}]"

    text = TOKEN.sub(lambda match: replaced(str(match.lastgroup)), text)
    lowered = text.lower()
    for kind, words, pattern in COMPILED:
        if any(word in lowered for word in words):
            text = pattern.sub(lambda match, kind=kind: replaced(kind, match[1]), text)  # type: ignore[misc]
    return Redacted(text, dict(counts))

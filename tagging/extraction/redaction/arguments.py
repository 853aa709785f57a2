"""Secrets that stand at a place of their own: `htpasswd -b … anna …`, `IDENTIFIED BY '…'`, `echo … | sudo -S`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.options import QUOTED, secret_in
from tagging.extraction.redaction.spans import Span

SECRET = rf"(?:{QUOTED}|([^\s\"'`|;&<>-][^\s\"'`|;<>]{{0,200}}))"
WORD = r"""["']?[^\s"'|;&-][^\s"'|;&]{0,100}["']?"""
# Each with a word that must be there, in lower case: looking for it costs a tenth of the pattern.
COMMANDS = [
    (
        "htpasswd",
        r"htpasswd[ ]+-(?:[A-Za-z]{0,6}n[A-Za-z]{0,6}b|b[A-Za-z]{0,6}n)[A-Za-z]{0,6}"
        rf"(?:[ ]-?\w{{1,3}}(?=[ ]\S+[ ]))?[ ]{WORD}[ ]{SECRET}",
    ),
    ("htpasswd", rf"htpasswd[ ]+-[a-mo-zA-Z]{{0,6}}b[a-mo-zA-Z]{{0,6}}[ ]{WORD}[ ]{WORD}[ ]{SECRET}"),
    ("pass:", rf"(?<![\w-])pass:(?=\S)(?:{QUOTED}|([^\s\"'`|;&<>]{{1,200}}))"),
    ("net use", rf"(?i:net[ ]use)[ ](?:[A-Za-z]:[ ]|\*[ ])?\\\\[^\s]{{1,100}}[ ](?!/){SECRET}"),
    ("net use", rf"(?i:net[ ]use)[ ][^\n]{{1,100}}?/user:\S{{1,60}}[ ](?!/){SECRET}"),
    ("net user", rf"(?i:net[ ]user)[ ]{WORD}[ ](?!/){SECRET}"),
    (
        "/",
        r"(?:sqlplus|sqlldr|impdp|expdp|rman)[ ](?:-\w+[ ]|target[ ]|userid=){0,3}"
        r"""["']?[A-Za-z_][\w$#]{0,60}/["']?([^\s"'@/]{1,100})""",
    ),
    ("thin:", r"thin:[\w$#]{1,60}/([^\s\"'@/]{1,100})@"),
    ("rabbitmqctl", rf"(?:add_user|change_password|authenticate_user)[ ]{WORD}[ ]{SECRET}"),
    ("wpa_passphrase", rf"wpa_passphrase[ ]{WORD}[ ]{SECRET}"),
    ("radtest", rf"radtest[ ]{WORD}[ ]{SECRET}"),
    ("http-basic", rf"http-basic\.\S{{1,60}}[ ]{WORD}[ ]{SECRET}"),
    ("pypi-token", rf"pypi-token\.\S{{1,60}}[ ]{SECRET}"),
    ("bundle config", r"bundle[ ]config[ ](?:set[ ])?(?:--\w+[ ])?\S{1,60}[ ][^\s:]{1,60}:(\S{1,200})"),
    ("vault login", rf"vault[ ]login[ ]{SECRET}"),
    ("vault operator", rf"vault[ ]operator[ ]unseal[ ]{SECRET}"),
    ("wandb login", rf"wandb[ ]login[ ]{SECRET}"),
    ("authtoken", rf"ngrok[ ](?:config[ ]add-)?authtoken[ ]{SECRET}"),
    ("bw ", rf"bw[ ](?:unlock|login[ ]\S{{1,60}})[ ]{SECRET}"),
    ("mc alias", rf"mc[ ]alias[ ]set[ ]\S+[ ]\S+[ ]\S+[ ]{SECRET}"),
    ("rclone obscure", rf"rclone[ ]obscure[ ]{SECRET}"),
    ("smbpasswd", rf"smbpasswd[ ]-a[ ]{WORD}[ ]{SECRET}"),
    ("register", rf"(?:ejabberdctl|prosodyctl)[ ]register[ ]{WORD}[ ]{WORD}[ ]{SECRET}"),
    ("nmcli", rf"nmcli[^\n]{{1,80}}?[ ]password[ ]{SECRET}"),
    ("passw", rf"(?:set-password|passwd)[ ]+(?:--\w[\w-]*[ ]){{0,2}}{WORD}[ ](?=\S*[\dA-Z!]){SECRET}"),
    ("chpasswd", r"""(?:echo|printf)[ ](?:-n[ ])?["']?[\w.-]{1,40}:([^\s"'|]{1,100})"""),
    ("_pw", rf"(?:user_pw|owner_pw|input_pw)[ ]{SECRET}"),
    ("--encrypt", rf"--encrypt[ ]{SECRET}[ ]{WORD}[ ](?:40|128|256)"),
    # What is piped to a command that asks for a password.
    (
        "|",
        r"""(?:echo|printf)[ ](?:-\w[ ])?(?:"([^"\n]{1,100}?)(?:\\n)?"|'([^'\n]{1,100}?)(?:\\n)?'|([^\s"'|]{1,100}))"""
        r"[ ]{0,4}\|(?=[^\n|]{0,120}(?:sudo[ ](?:\S+[ ])?-\w{0,4}S|passwd|password|--passphrase-fd|--with-token"
        r"|cryptsetup|kinit|\bsu\b|base64|openssl|login))",
    ),
    ("<<<", rf"(?:ssh-add|passwd|cryptsetup|sudo|gpg|openssl|login)[^\n]{{0,80}}?<<<[ ]?{SECRET}"),
    ("secure", rf"(?i:convertto-securestring)[ ](?:-\w+[ ]){{0,3}}{SECRET}"),
    ("machine", rf"(?:machine|default)[ \t][^\n]{{0,160}}?\spassword\s{SECRET}"),
    # expect
    ("send", r"""(?<!\w)send(?:_user|line)?[ ]?\(?(?:--[ ])?["']([^"'\n\\ $\[]{3,100})(?:\\+[rn])"""),
]
STATEMENTS = [
    # SQL
    ("identified", rf"(?i:identified[ ](?:with[ ]\S{{1,60}}[ ])?(?:by|as)(?:[ ]password)?)\s{{1,3}}{SECRET}"),
    ("gen_salt", r"crypt\(\s?'([^'\n]{1,200})'"),
    ("pgp_sym", r"pgp_sym_(?:en|de)crypt\([^\n]{1,120}?,\s?'([^'\n]{1,200})'"),
    ("attach", rf"(?i:attach[ ][^\n]{{1,100}}?[ ]key)[ ]{SECRET}"),
    ("pragma", rf"(?i:pragma[ ](?:re)?(?:hex)?key)\s?=\s?{SECRET}"),
    ("set password", rf"(?i:set[ ]password[ ](?:for[ ]\S{{1,100}}[ ])?(?:=|to)[ ](?:password\()?)\s?{SECRET}"),
    # Redis
    ("auth", rf"(?<![\w-])AUTH[ ](?:default[ ]|[a-z]\w{{1,30}}[ ](?=\S))?(?![A-Z_]+\b|[a-z]+\b[ ][a-z]){SECRET}"),
    ("auth", rf"(?:requirepass|masterauth)[ ]{SECRET}"),
    ("requirepass", rf"requirepass[ ]{SECRET}"),
    ("setuser", r"(?i:acl setuser)[ ][^\n]{1,100}?[ ]>(\S{1,200})"),
    # Routers and switches
    ("password", rf"(?i:password|passwd|secret)[ ](?:0|5|7|8|9)[ ]{SECRET}"),
    ("enable", rf"(?i:enable[ ](?:secret|password))[ ](?:\d[ ])?{SECRET}"),
    (
        "username",
        rf"(?i:username)[ ]\S{{1,40}}[ ](?:privilege[ ]\d{{1,2}}[ ])?(?:password|secret)[ ](?:\d[ ])?{SECRET}",
    ),
    ("community", rf"(?i:snmp-server[ ]community)[ ]{SECRET}"),
    (" key", rf"(?i:(?:tacacs|radius)(?:-server)?[^\n]{{0,60}}?[ ]key)[ ](?:\d[ ])?{SECRET}"),
    ("pre-shared-key", rf"(?i:pre-shared-key)[ ](?:ascii-text[ ]|local[ ]|remote[ ]|\d[ ])?{SECRET}"),
    ("psk ascii", rf"(?i:psk[ ]ascii)[ ](?:\d[ ])?{SECRET}"),
    ("wifi:", r"WIFI:[^\n]{0,100}?;?P:((?:[^;\\\n]|\\.){1,100})"),
    ("otpauth", r"otpauth://[^\s]{1,200}?[?&]secret=([A-Z2-7=]{8,200})"),
    # Code: login("anna", "x"), auth=("anna", "x")
    (
        "(",
        r"""(?:[Cc]redentials?|BasicAuth\w*|basic_auth|[Aa]uth|[Ll]ogin\w*|connect\w*)\(\s{0,4}"""
        r"""(?:"[^"\n]{0,100}"|'[^'\n]{0,100}'|\w{1,40}),\s{0,4}["']([^"'\n]{1,200})["']""",
    ),
    # Django: create_user("anna", "a@example.org", "x")
    (
        "create_",
        r"""create_(?:super)?user\(\s{0,9}(?:\w{1,40}=)?["'][^"'\n]{0,100}["'],\s{0,9}"""
        r"""(?:(?:["'][^"'\n]{0,100}["']|\w{1,40}(?:=["'][^"'\n]{0,100}["'])?),\s{0,9})?["']([^"'\n]{1,200})["']\s{0,9},?\s{0,9}[),]""",
    ),
    (
        "auth",
        r"""(?i:auth)["']?\s{0,3}[=:]\s{0,3}[(\[{]\s{0,3}["'][^"'\n]{0,100}["'],\s{0,3}["']([^"'\n]{1,200})["']""",
    ),
]
PATTERNS = [(word, re.compile(pattern)) for word, pattern in (*COMMANDS, *STATEMENTS)]


def find_arguments(folded: Folded) -> Iterator[Span]:
    for word, pattern in PATTERNS:
        if word in folded.lowered:
            for match in pattern.finditer(folded.text):
                yield from secret_in(match)

"""Secrets said in passing: `login anna …`, `rdp: administrator / …`, the digits of a router's key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.names import NO_TAILS
from tagging.extraction.redaction.spans import Span
from tagging.extraction.redaction.values import is_about_technology, looks_secret
from tagging.extraction.redaction.words import BEFORE_A_TOOL, NO_SECRETS, PARTICIPLE

END = r"(?=[.,;:!?)]{0,2}(?:\s|\Z))"
SECRET = rf"(?P<secret>[^\s\"'`,;/<>|=]{{4,60}}?){END}"
USER = r"(?P<user>[a-z][\w.@-]{1,40})"
USERS = [
    # login anna x, credentials: anna x
    re.compile(rf"(?i)\b(?:log[ -]?in|credentials?|creds|logindaten|zugang|zugangsdaten):?[ ]{USER}[ ]{SECRET}"),
    # rdp: administrator / x
    re.compile(
        r"(?i)\b(?:rdp|ssh|vnc|s?ftps?|smb|smtp|imap|telnet|ldap|vpn|wlan|wifi|wi-fi|router|nas|server|portal|admin|db"
        rf"|root|ipmi|idrac|ilo|teamviewer|anydesk|citrix|sap):?[ ]{USER}[ ]?/[ ]?{SECRET}"
    ),
]
NO_USERS = NO_TAILS | NO_SECRETS | BEFORE_A_TOOL
ROUTER_KEY = re.compile(
    r"(?i)(?:schl(?:ü|ue)ssel|\bkey|wlan|wi-?fi|wpa[23]?|psk)[ ]?(?:[:=]|is|ist|lautet)?[ ]"
    r"(\d{4}(?:[ -]\d{4}){3,5}|\d{16,24})(?!\w)"
)


def find_asides(folded: Folded) -> Iterator[Span]:
    for pattern in USERS:
        for match in pattern.finditer(folded.text):
            user = match["user"].lower()
            is_person = user not in NO_USERS and not PARTICIPLE.fullmatch(user) and not is_about_technology(user)
            if is_person and looks_secret(match["secret"]):
                yield Span(*match.span("secret"), "password")
    for match in ROUTER_KEY.finditer(folded.text):
        yield Span(*match.span(1), "secret")

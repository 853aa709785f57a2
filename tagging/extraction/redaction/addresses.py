"""Secrets in web addresses, and addresses of people."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.spans import Span
from tagging.extraction.redaction.values import looks_generated, looks_secret

# The password of a user; a port before an `@scope` is none.
USERINFO = re.compile(r"""://[^\s:/@[]{0,128}:(?!\d{1,5}/)([^\s"'<>]{1,256})(?=@)""")
# A token in the place of the user.
USER = re.compile(r"://([\w.~%+-]{16,256})@")
# Of the parameters, those whose names say little.
PARAMETER = re.compile(
    r"""[?&;#](?:sig|key|code|ticket|hash|state|sv|st|se|s|t|k|q|u|p|c|h|id_token|code_verifier|client|[\w-]{0,40}(?:signature|credential|token))=([^\s"'<>&#]{8,})""",
    re.IGNORECASE,
)
# Not an address of a person: `git@github.com:...` (the host is wanted), `pkg@1.2.3-rc.a`, `unit@1.service`,
# `logo@2x.png`. `ssh me@host.example` cannot be told from one and goes; `me@host` stays.
EMAIL = re.compile(
    r"(?<![\w.+-])(?!git@)[\w.+-]+@(?!v?\d+\.\d|\d+x\.)(?:[\w-]{1,63}\.){1,8}"
    r"(?!(?:service|socket|timer|png|jpe?g|gif|svg|webp)\b)[A-Za-z]{2,24}(?![\w-])"
)
# Lines of leaked lists, and of notes: a person's address and the password.
EMAIL_AND_SECRET = re.compile(r"@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}[ ]?[:/|][ ]?([^\s/\"'<>]{4,100})")


def find_url_secrets(folded: Folded) -> Iterator[Span]:
    text = folded.text
    if "://" in text:
        for match in USERINFO.finditer(text):
            yield Span(*match.span(1), "url_password")
        for match in USER.finditer(text):
            if looks_generated(match[1]):
                yield Span(*match.span(1), "url_password")
    if "=" in text:
        for match in PARAMETER.finditer(text):
            if match[0][1:5].lower() == "sig=" or looks_generated(match[1]):
                yield Span(*match.span(1), "azure_key" if match[0][1:5].lower() == "sig=" else "secret")


def find_emails(folded: Folded) -> Iterator[Span]:
    if "@" in folded.text:
        for match in EMAIL.finditer(folded.text):
            yield Span(*match.span(), "email")
        for match in EMAIL_AND_SECRET.finditer(folded.text):
            if looks_secret(match[1]):
                yield Span(*match.span(1), "password")

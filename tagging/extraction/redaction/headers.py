"""Secrets in HTTP headers: cookies and authorizations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.spans import Span
from tagging.extraction.redaction.values import LITERALS, is_about_technology

COOKIE = re.compile(
    r"""(?i:(?:set-)?cookies?2?["']?[ \t]{0,2}[:=][ \t]{0,2}["']?|(?<=\s)(?:-b|--cookie)[ =]["']?)(?=[\w.$-]{1,60}=)"""
)
MORSEL = re.compile(r"""([\w.$%-]{1,100})=["']?([^\s;,"']{0,4000})["']?(?:;[ ]?|,[ ](?=[\w.-]{1,40}=)|$)?""")
ATTRIBUTES = {
    "path",
    "domain",
    "expires",
    "max-age",
    "samesite",
    "version",
    "lang",
    "language",
    "theme",
    "locale",
    "consent",
}

BEARER = re.compile(
    r"""(?i)\b(?:bearer|basic|negotiate)\s{1,3}(?=[^\s"']{0,200}\d)([a-z0-9+/._~-]{12,}={0,2})(?![\w.-])"""
)
# A word after "Authorization: Bearer" is a secret, whatever it looks like.
AUTHORIZATION = re.compile(
    r"""(?i)authorization\W{1,6}(?:bearer|basic|token|digest|bot|apikey|negotiate)\s{1,3}(?![\w-]{1,40}=)["']?([^\s"',;]{6,4000})"""
)
# The whole line is the header, or the quotes around it end.
BARE_AUTHORIZATION = re.compile(r"""(?i)authorization["']?[:=][ ]?["']?([^\s"',;]{6,4000})(?=["']|[ ]*(?:\n|\Z))""")
SIGNED = re.compile(
    r"""(?i)\b(?:response|signature|credential|cnonce|nonce|oauth_signature|oauth_token)=["']?([\w%+/=.~-]{8,500})"""
)


def find_cookies(folded: Folded) -> Iterator[Span]:
    if not ("cookie" in folded.lowered or "-b " in folded.text):
        return
    end = 0
    for header in COOKIE.finditer(folded.text):
        end = max(end, header.end())
        while morsel := MORSEL.match(folded.text, end):
            end = morsel.end()
            name, value = morsel[1].lower(), morsel[2]
            if len(value) > 3 and name not in ATTRIBUTES and not is_about_technology(value):
                yield Span(*morsel.span(2), "cookie")


def find_headers(folded: Folded) -> Iterator[Span]:
    lowered = folded.lowered
    if "earer" in lowered or "basic" in lowered or "negotiate" in lowered:
        for match in BEARER.finditer(folded.text):
            if not is_about_technology(match[1]):
                yield Span(*match.span(1), "authorization")
    if "authorization" in lowered:
        for pattern in (AUTHORIZATION, BARE_AUTHORIZATION, SIGNED):
            for match in pattern.finditer(folded.text):
                value = match[1].rstrip(".)")
                if value.lower() not in LITERALS | {"tokens", "authentication"} and not is_about_technology(value):
                    yield Span(match.start(1), match.start(1) + len(value), "authorization")

"""Secrets of many lines: private keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.spans import Span

# Up to the end of the text when the closing line is missing: half a key is a key.
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----(?s:.*?)(?:-----END [A-Z0-9 ]{1,60}-----|\Z)"
    r"|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----(?s:.*?)(?:---- END [A-Z0-9 ]{1,60} ----|\Z)"
    r"|(?:PuTTY-User-Key-File-\d|Private-Lines): (?s:.*?)(?:Private-MAC: \w+|\Z)"
    r"|-----BEGIN OpenVPN Static key V1-----(?s:.*?)(?:-----END [\w ]{1,60}-----|\Z)"
)


def find_key_blocks(folded: Folded) -> Iterator[Span]:
    if "----" in folded.text or "Private-Lines" in folded.text:
        for match in PRIVATE_KEY.finditer(folded.text):
            yield Span(*match.span(), "private_key")

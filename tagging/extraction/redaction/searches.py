"""All searches for secrets, each for what one kind of them shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from tagging.extraction.redaction.addresses import find_emails, find_url_secrets
from tagging.extraction.redaction.arguments import find_arguments
from tagging.extraction.redaction.asides import find_asides
from tagging.extraction.redaction.blocks import find_key_blocks
from tagging.extraction.redaction.fields import field_of
from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.headers import find_cookies, find_headers
from tagging.extraction.redaction.lists import items_of
from tagging.extraction.redaction.names import HINTS, Name, find_names
from tagging.extraction.redaction.numbers import find_hashes, find_numbers
from tagging.extraction.redaction.options import find_options
from tagging.extraction.redaction.sentences import find_pairs, said_of
from tagging.extraction.redaction.spans import Span
from tagging.extraction.redaction.tables import find_inserted, find_listed, find_tables
from tagging.extraction.redaction.tokens import find_aws_secrets, find_random, find_tokens

SIGNS = (":", "=", ": ", "= ")


def find_named(folded: Folded) -> Iterator[Span]:
    """Find what names of secrets have: by a sign behind the name, or else as the sentence says it."""
    covered = listed = 0
    if not any(hint in folded.lowered for hint in HINTS):
        return
    for name, following in pairwise([*find_names(folded), None]):
        if name and name.start >= covered and not (following and _holds(folded.text, name, following)):
            # Items are read once, whatever names stand among them.
            items, end = items_of(folded.text, name) if name.start >= listed else ([], 0)
            listed = max(listed, end)
            if items:
                covered = items[-1].end
                yield from items
            elif found := field_of(folded.text, name):
                covered = found.end
                yield found
            else:
                yield from said_of(folded.text, name)


def _holds(text: str, name: Name, following: Name) -> bool:
    """Say whether the value of this name is but the next name, whose own value is read then: `key=key=key=x`."""
    return (
        following.strength >= name.strength
        and text[name.end : following.start] in SIGNS
        and text.startswith((":", "="), following.end)
    )


# Where two overlap, the kind of the earlier one is told.
SEARCHES: list[Callable[[Folded], Iterator[Span]]] = [
    find_key_blocks,
    find_tokens,
    find_aws_secrets,
    find_url_secrets,
    find_hashes,
    find_cookies,
    find_headers,
    find_named,
    find_options,
    find_arguments,
    find_tables,
    find_listed,
    find_inserted,
    find_pairs,
    find_asides,
    find_numbers,
    find_random,
    find_emails,
]

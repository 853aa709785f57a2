"""All searches for secrets, each for what one kind of them shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tagging.extraction.redaction.addresses import find_emails, find_url_secrets
from tagging.extraction.redaction.arguments import find_arguments
from tagging.extraction.redaction.blocks import find_key_blocks
from tagging.extraction.redaction.fields import field_of
from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.headers import find_cookies, find_headers
from tagging.extraction.redaction.names import HINTS, find_names
from tagging.extraction.redaction.numbers import find_hashes, find_numbers
from tagging.extraction.redaction.options import find_options
from tagging.extraction.redaction.sentences import find_pairs, said_of
from tagging.extraction.redaction.spans import Span
from tagging.extraction.redaction.tables import find_inserted, find_listed, find_tables
from tagging.extraction.redaction.tokens import find_aws_secrets, find_random, find_tokens


def find_named(folded: Folded) -> Iterator[Span]:
    """Find what names of secrets have: by a sign behind the name, or else as the sentence says it."""
    covered = 0
    if not any(hint in folded.lowered for hint in HINTS):
        return
    for name in find_names(folded):
        if name.start >= covered:
            if found := field_of(folded.text, name):
                covered = found.end
                yield found
            else:
                yield from said_of(folded.text, name)


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
    find_numbers,
    find_random,
    find_emails,
]

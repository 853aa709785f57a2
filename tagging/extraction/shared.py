"""A shared call's answer, taken apart: what of it is whose, and each one's part of what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from tagging.extraction.base import Extraction, SharedExtraction
from tagging.extraction.grounding import Grounded, ground


class OwnAnswer(NamedTuple):
    """What one of the entries was answered, at its part of the price, and what of that stands in it."""

    extraction: Extraction
    grounded: Grounded


def own_answers(shared: SharedExtraction, entries: Sequence[str]) -> list[OwnAnswer | None]:
    """Return the answers in the order of the entries, each grounded in its own; None for who must be asked alone.

    That is who got none, and who got names of which not one stands in the entry: they may be another's.
    """
    grounded: list[Grounded | None] = []
    for entry, technologies in zip(entries, shared.technologies, strict=True):
        found = None if technologies is None else ground(technologies, entry)
        grounded.append(found if found and (found.mentions or not technologies) else None)
    # Who was answered bears it all, so that what the attempts cost is what was paid.
    weights = [len(entry) if found else 0 for entry, found in zip(entries, grounded, strict=True)]
    inputs, outputs = parts(shared.input_tokens, weights), parts(shared.output_tokens, weights)
    redacted = shared.redacted or [{} for _ in entries]
    return [
        found and OwnAnswer(Extraction(technologies or [], *tokens, kept_back), found)
        for found, technologies, tokens, kept_back in zip(
            grounded, shared.technologies, zip(inputs, outputs, strict=True), redacted, strict=True
        )
    ]


def parts(whole: int, weights: Sequence[int]) -> list[int]:
    """Return this number in parts as large as the weights ask for, and together as large as itself.

    Nothing is rounded away: each part goes from where the one before ended. Without any weight all parts are 0.
    """
    total = sum(weights)
    ends = [whole * weight // total if total else 0 for weight in accumulate(weights)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]

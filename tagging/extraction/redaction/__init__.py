"""Secrets out of a text before it leaves the machine.

The text is folded, so that neither width nor invisible characters hide a name; each search gives places in the folded
text, and what stands there in the original is replaced. Some secrets are missed and a few harmless words taken. The
second is the cheaper mistake, as only the technologies are needed: what the lexicon knows stays. Every search takes
linear time, also on hostile text: a run of characters is entered once, or left again after a bounded number of steps.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tagging.extraction.redaction.folding import Folded, fold
from tagging.extraction.redaction.spans import Span

# Of what is no letter or digit there is nothing to hide.
NOTHING = re.compile(r"[\W_]*")
PLACEHOLDER = re.compile(r"\[redacted:\w{1,30}\]")


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text with placeholders such as `[redacted:aws_key]`, and how many there are of each kind."""

    text: str
    counts: dict[str, int]


def redact(text: str) -> Redacted:
    """Replace what looks like a secret or a personal address."""
    folded = _veiled(fold(text))
    counts: Counter[str] = Counter()
    pieces, end = [], 0
    for start, stop, kind in _united(folded):
        counts[kind] += 1
        pieces += [text[end:start], f"[redacted:{kind}]"]
        end = stop
    return Redacted("".join([*pieces, text[end:]]), dict(counts))


def _veiled(folded: Folded) -> Folded:
    """Make of each placeholder what looks like a secret: what has been redacted before is read the same way again."""
    if "[redacted:" not in folded.lowered:
        return folded
    text = PLACEHOLDER.sub(lambda match: f"¬{'Rq7' * len(match[0])}"[: len(match[0]) - 1] + "¬", folded.text)
    return folded._replace(text=text, lowered=text.lower(), has_placeholders=True)


def _united(folded: Folded) -> Iterator[Span]:
    """Yield places in the original, in order and apart from each other: of two that overlap, all that both take."""
    from tagging.extraction.redaction.searches import SEARCHES  # slow import: the patterns are many

    found = [
        (*place, rank, span.kind)
        for rank, search in enumerate(SEARCHES)
        for span in search(folded)
        if span.start < span.end
        for place in _without_placeholders(folded, *folded.place(span.start, span.end))
    ]
    start = stop = 0
    rank, kind = len(SEARCHES), ""
    for its_start, its_stop, its_rank, its_kind in sorted(found):
        if its_start >= stop:
            if stop:
                yield Span(start, stop, kind)
            start, stop, rank, kind = its_start, its_stop, its_rank, its_kind
        else:
            stop = max(stop, its_stop)
            rank, kind = min((rank, kind), (its_rank, its_kind))
    if stop:
        yield Span(start, stop, kind)


def _without_placeholders(folded: Folded, start: int, stop: int) -> Iterator[tuple[int, int]]:
    if folded.has_placeholders:
        for placeholder in PLACEHOLDER.finditer(folded.original, max(0, start - 40), stop + 40):
            if placeholder.end() > start and placeholder.start() < stop:
                if not NOTHING.fullmatch(folded.original, start, max(start, placeholder.start())):
                    yield start, placeholder.start()
                start = max(start, placeholder.end())
        if NOTHING.fullmatch(folded.original, start, max(start, stop)):
            return
    yield start, stop

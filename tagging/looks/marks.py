"""An entry with the words marked that show its tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from tagging.models import DevLogTag

# A name as it is written somewhere: to the next white space or bracket, without the punctuation behind it.
WORD = re.compile(r"\w(?:[\w.+#/-]*[\w+#])?")


class Span(NamedTuple):
    """Where in an entry something stands, and the slug of its tag."""

    start: int
    end: int
    slug: str


def marked(entry: str, taggings: Iterable[DevLogTag]) -> SafeString:
    """Return the escaped entry with the words that show its tags in `<mark data-tag="slug …">`.

    Where tags share words, these are marked once, for all of them; `data-name` says whose very name they are.
    """
    taggings = list(taggings)
    shown = [span for tagging in taggings if (span := evidence_of(tagging, entry))]
    places = {span.slug: span for span in shown}
    named = [name_of(tagging, places[tagging.tag.slug], entry) for tagging in taggings if tagging.tag.slug in places]
    names = [name for name in named if name]
    ends = {0, len(entry)} | {end for span in [*shown, *names] for end in span[:2]}
    parts = [part(entry, start, end, shown, names) for start, end in pairwise(sorted(ends))]
    return mark_safe("".join(parts))  # noqa: S308  # each part is escaped


def part(entry: str, start: int, end: int, shown: Iterable[Span], names: Iterable[Span]) -> SafeString:
    slugs, own = " ".join(over(shown, start)), " ".join(over(names, start))
    text = entry[start:end]
    if own:
        return format_html('<mark data-tag="{}" data-name="{}">{}</mark>', slugs, own, text)
    return format_html('<mark data-tag="{}">{}</mark>' if slugs else "{1}", slugs, text)


def over(spans: Iterable[Span], at: int) -> Iterator[str]:
    """Yield the slugs of those that stand over this character."""
    return (span.slug for span in spans if span.start <= at < span.end)


def evidence_of(tagging: DevLogTag, entry: str) -> Span | None:
    """Return where the words stand that show a tag; None where they do not, as after an edit or a redaction."""
    words, position = tagging.evidence, tagging.position
    if not words.strip():
        return None
    start = entry.find(words, max(0, position - len(words) + 1))
    if not 0 <= start <= position:  # these words are not around the name
        start = entry.find(words)
    return Span(start, start + len(words), tagging.tag.slug) if start >= 0 else None


def name_of(tagging: DevLogTag, evidence: Span, entry: str) -> Span | None:
    """Return where a tag's name stands among the words that show it: as it is, or the word it is found in."""
    start = tagging.position
    if not evidence.start <= start < evidence.end:
        return None
    name = tagging.tag.name
    if entry[start : start + len(name)].casefold() == name.casefold():
        return Span(start, min(start + len(name), evidence.end), evidence.slug)
    word = WORD.match(entry, start, evidence.end)
    return Span(start, word.end(), evidence.slug) if word else None

"""From an extractor's answer to tags: the one path after any extractor.

An entry may hold instructions to the model, and a model may obey them or make things up. So nothing it says is
believed: a technology is kept only where it, a known alias of it or a slip stands in the entry, or where a word of its
own stands in a quote from the entry (quotes.py); and an unknown one not where the entry only orders it (orders.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tagging.extraction.base import MAX_NAMES, MAX_TECHNOLOGIES
from tagging.extraction.grounding.places import places_of
from tagging.extraction.grounding.quotes import MAX_EVIDENCE
from tagging.extraction.grounding.wanted import Wanted
from tagging.extraction.lexicon.tokens import is_in_token, tokens_of


class Mention(NamedTuple):
    """A technology that stands in the entry: its canonical name, the words that show it, and where it stands."""

    name: str
    evidence: str
    position: int


class Grounded(NamedTuple):
    mentions: list[Mention]
    dropped: int


def ground(technologies: Iterable[object], entry: str) -> Grounded:
    """Keep what stands in the entry: canonical, each name once, in the order of the entry; count the others."""
    technologies = list(technologies)
    wanted = Wanted(technologies[:MAX_NAMES], entry)
    tokens = tokens_of(entry) if wanted.forms else []
    mentions = []
    places = places_of(wanted, entry, tokens)
    for name, (first, last) in sorted(places.items(), key=lambda place: (place[1], place[0]))[:MAX_TECHNOLOGIES]:
        start, end = tokens[first].start, tokens[last].end
        mentions.append(Mention(name, _evidence(wanted.evidence[name], entry, start, end), start))
    return Grounded(mentions, len(technologies) - sum(wanted.given[mention.name] for mention in mentions))


def words_around(entry: str, start: int, end: int) -> str:
    """Return entry[start:end] with the words around it: verbatim, from one line, at most MAX_EVIDENCE characters."""
    left, right = start, min(end, start + MAX_EVIDENCE)
    room = (MAX_EVIDENCE - (right - left)) // 2
    while left and start - left < room and entry[left - 1].isprintable():
        left -= 1
    while right < len(entry) and right - left < MAX_EVIDENCE and entry[right].isprintable():
        right += 1
    while left and left < start and is_in_token(entry, left):
        left += 1
    while right > end and right < len(entry) and is_in_token(entry, right):
        right -= 1
    return entry[left:right].strip()


def _evidence(given: object, entry: str, start: int, end: int) -> str:
    """Keep the extractor's words only if they are words of the entry around this name."""
    if isinstance(given, str) and len(given) <= MAX_EVIDENCE and entry[start:end] in given and given in entry:
        return given
    return words_around(entry, start, end)

"""A model without a fault: it answers with the gold's own tags, so that what is lost is lost by grounding alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tagging.evaluation.scoring import Gold
from tagging.extraction import lexicon
from tagging.extraction.base import Extraction, Extractor, Technology
from tagging.extraction.grounding.quotes import MAX_EVIDENCE

NAME = "perfect"
# The prompt asks for so many words of evidence at most.
WORDS = 8
_WORD = re.compile(r"\S+")
_PART = re.compile(r"[^\W_]{2,}")


class PerfectExtractor(Extractor):
    """Knows the entries of a gold file; quotes the words around each tag, as a model does."""

    name = model = NAME
    only_computes = True

    def __init__(self, gold: Iterable[Gold]) -> None:
        self._gold = {entry.text: entry for entry in gold}

    def extract(self, entry: str, *, safety_identifier: str = "") -> Extraction:
        gold = self._gold[entry]
        slips = gold.misspelled
        return Extraction([Technology(tag, quote(entry, tag, slips.get(tag, []))) for tag in gold.tags])


def quote(entry: str, name: str, slips: Iterable[str] = ()) -> str:
    """Return at most eight words of one line of the entry around a name; empty where nothing of it stands there."""
    for spelling in spellings(name, slips):
        if found := re.search(rf"(?<![^\W_]){re.escape(spelling)}(?![^\W_])", entry, re.IGNORECASE):
            return words_of_line(entry, found.start(), found.end())
    return ""


def spellings(name: str, slips: Iterable[str]) -> Iterator[str]:
    """Yield how a name may be written: itself, a slip, its aliases from the longest on, its words."""
    yield name
    yield from slips
    known = [spelling.written for spelling in lexicon.load().by_name.get(lexicon.canonical(name), ())]
    yield from sorted(known, key=len, reverse=True)
    yield from _PART.findall(name)


def words_of_line(entry: str, start: int, end: int) -> str:
    begins = entry.rfind("\n", 0, start) + 1
    line = entry[begins:].partition("\n")[0]
    words = list(_WORD.finditer(line))
    first = next(at for at, word in enumerate(words) if word.end() + begins > start)
    last = next((at for at, word in enumerate(words) if word.end() + begins >= end), len(words) - 1)
    first = max(0, first - max(0, WORDS - (last - first + 1)) // 2)
    last = min(len(words) - 1, max(last, first + WORDS - 1))
    said = line[words[first].start() : words[last].end()]
    return said if len(said) <= MAX_EVIDENCE else entry[start:end]

"""The offline extractor: names the lexicon knows, and unknown ones whose surroundings show a technology.

1. What code imports and commands install (packages.py).
2. The longest names of the lexicon (known.py). Most are certain.
3. Those that are everyday words too, where the surroundings speak for them (everyday.py).
4. Of the words that are left, names that the lexicon does not know, by the same means (unknown.py).

Which words tell something about a name near them is written in context.cues.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

from tagging.extraction import lexicon
from tagging.extraction.base import MAX_TECHNOLOGIES, Extraction, Extractor, Technology
from tagging.extraction.embedded.everyday import EverydayWords
from tagging.extraction.embedded.fields import Fields
from tagging.extraction.embedded.known import known_names
from tagging.extraction.embedded.packages import packages
from tagging.extraction.embedded.senses import in_this_sense
from tagging.extraction.embedded.surroundings import Found, Surroundings
from tagging.extraction.embedded.unknown import UnknownNames
from tagging.extraction.grounding import words_around
from tagging.extraction.lexicon.tokens import Text

_MAX_NAMES = 2 * MAX_TECHNOLOGIES  # of which those are kept that come first


class EmbeddedExtractor(Extractor):
    """No key, no network, always the same answer; works in time linear in the entry's length."""

    name = model = "embedded"
    only_computes = True

    def extract(self, entry: str, *, safety_identifier: str = "") -> Extraction:
        text = Text(entry)
        named: dict[str, Technology] = {}
        for found in technologies(text, entry):
            if found.name not in named:
                start, end = text.tokens[found.first].start, text.tokens[found.last].end
                # Grounding would drop the name behind an everyday alias (`tf`), so the alias itself is given.
                alias = lexicon.canonical(entry[start:end]) == found.name
                name = entry[start:end] if alias else found.name
                named[found.name] = Technology(name, words_around(entry, start, end))
                if len(named) == _MAX_NAMES:
                    break
        return Extraction(list(named.values()))


def technologies(text: Text, entry: str) -> list[Found]:
    """Find every mention of a technology, in the order of the entry."""
    brought_in = imported(text, entry)
    certain, doubtful = in_this_sense(text, *known_names(text, _tokens_of(brought_in)))
    found = [one for one in brought_in if one.name] + certain
    around = Surroundings(text, found)
    fields = Fields(text)
    found += EverydayWords(around, fields).technologies([one for one in doubtful if fields.may_be(one)])
    found += UnknownNames(around).technologies(_tokens_of(found + brought_in))
    return sorted(found, key=itemgetter(0))


def _tokens_of(found: list[Found]) -> set[int]:
    return {i for one in found for i in range(one.first, one.last + 1)}


def imported(text: Text, entry: str) -> list[Found]:
    """Find what the entry's code imports and its commands install; one's own modules are found without a name."""
    found = list(packages(entry))
    starts = [token.start for token in text.tokens] if found else []
    return [Found(bisect_right(starts, one.start) - 1, bisect_left(starts, one.end) - 1, one.name) for one in found]

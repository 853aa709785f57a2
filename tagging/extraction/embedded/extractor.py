"""The offline extractor: names the lexicon knows, and unknown ones whose surroundings show a technology.

1. What code imports and commands install (tagging/extraction/embedded/packages.py).
2. The longest names of the lexicon. Most are certain.
3. Those that are everyday words too, where the surroundings speak for them (tagging/extraction/embedded/everyday.py).
4. Of the words that are left, names nobody has heard of, by the same means (tagging/extraction/embedded/unknown.py).

What words tell something about a name near them stands in tagging/extraction/embedded/context.cues.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from functools import lru_cache
from itertools import zip_longest
from operator import itemgetter

from tagging.extraction import lexicon
from tagging.extraction.base import Extraction, Extractor, Technology
from tagging.extraction.embedded.everyday import EverydayWords
from tagging.extraction.embedded.packages import packages
from tagging.extraction.embedded.surroundings import MAX_MENTIONS, Found, Surroundings
from tagging.extraction.embedded.unknown import UnknownNames
from tagging.extraction.grounding import MAX_TAGS, words_around
from tagging.extraction.lexicon import Spelling
from tagging.extraction.lexicon.tokens import JOINS, Text, Token, fold
from tagging.extraction.lexicon.typos import correct

_MAX_WORD = 40
_MAX_HYPHENS = 2  # that an entry has in a name and the lexicon has not
_INFLECTIONS = ("s", "es", "en")
_MAX_NAMES = 2 * MAX_TAGS  # of which those are kept that come first


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
                # An everyday alias (`tf`) proves its name to nobody who has not weighed the entry: it is given itself.
                alias = found.everyday and lexicon.canonical(entry[start:end]) == found.name
                name = entry[start:end] if alias else found.name
                named[found.name] = Technology(name, words_around(entry, start, end))
                if len(named) == _MAX_NAMES:
                    break
        return Extraction(list(named.values()))


def technologies(text: Text, entry: str) -> list[Found]:
    """Find every mention of a technology, in the order of the entry."""
    brought_in = imported(text, entry)
    certain, doubtful = known_names(text, _tokens_of(brought_in))
    found = [one for one in brought_in if one.name] + certain
    around = Surroundings(text, found)
    found += EverydayWords(around).technologies(doubtful)
    found += UnknownNames(around).technologies(_tokens_of(found + brought_in))
    return sorted(found, key=itemgetter(0))


def _tokens_of(found: list[Found]) -> set[int]:
    return {i for one in found for i in range(one.first, one.last + 1)}


def imported(text: Text, entry: str) -> list[Found]:
    """Find what the entry's code imports and its commands install; one's own modules are found without a name."""
    found = list(packages(entry))
    starts = [token.start for token in text.tokens] if found else []
    return [Found(bisect_right(starts, one.start) - 1, bisect_left(starts, one.end) - 1, one.name) for one in found]


def known_names(text: Text, taken: set[int]) -> tuple[list[Found], list[Found]]:
    """Find the longest names of the lexicon: those that are certain, and those that are everyday words too."""
    certain: list[Found] = []
    doubtful: list[Found] = []
    openers = lexicon.load().openers
    passed_over = text.hidden | taken
    mentions: Counter[str] = Counter()
    behind = 0
    for i, (token, following) in enumerate(zip_longest(text.tokens, text.tokens[1:])):
        if i < behind or i in passed_over:
            continue
        spelling = None
        if token.gap != "." or not token.text.islower():  # else a file extension, a method
            spelling = _name_of(token.text) if len(token.text) <= _MAX_WORD else None
        if spelling and spelling.everyday and mentions[spelling.name] == MAX_MENTIONS:
            spelling = None  # looked at often enough
        found = Found(i, i, spelling.name, spelling.everyday) if spelling else None
        if token.key in openers and following and following.key in openers[token.key]:
            longest = openers[token.key][following.key] + _MAX_HYPHENS
            found = _longer_name(text.tokens[i : i + longest], found, i)
        if found:
            behind = found.last + 1
            if not found.everyday:
                certain.append(found)
            elif mentions[found.name] < MAX_MENTIONS:
                mentions[found.name] += 1
                doubtful.append(found)
    return certain, doubtful


@lru_cache(maxsize=1 << 14)
def _name_of(word: str) -> Spelling | None:
    """Return what a word stands for: as it is, inflected (`Djangos`), with a version (`Python3`), or misspelt."""
    names = lexicon.load()
    key = fold(word)
    if spelling := names.find(key, word):
        return spelling
    for ending in _INFLECTIONS:
        if key.endswith(ending) and len(key) > len(ending) + 2:
            spelling = names.find(key[: -len(ending)], word[: -len(ending)])
            shouted = spelling is not None and spelling.written.isupper()  # `Shapes` is not SHAP
            if spelling and not spelling.everyday and (not shouted or word[: -len(ending)].isupper()):
                return spelling._replace(everyday=word.islower())  # `Dockers` may be a genitive, `dockers` are people
    stem = word.rstrip("0123456789")
    if 1 < len(stem) < len(word) and (spelling := names.find(fold(stem), stem)):
        return spelling
    return correct(key)


def _longer_name(tokens: list[Token], best: Found | None, first: int) -> Found | None:
    """Return the longest name that begins where these tokens do; `best` is what the first of them stands for."""
    names = lexicon.load()
    key = tokens[0].key
    for more, token in enumerate(tokens[1:], start=1):
        join = JOINS.get(token.gap)
        if join is None:
            break
        key += join + token.key
        if key not in names.spellings:
            continue
        if spelling := names.find(key, "".join([token.text for token in tokens[: more + 1]])):
            shorter = best if best and not best.everyday else None
            if shorter and shorter.name == spelling.name:
                best = shorter._replace(last=first + more)
            else:
                best = Found(first, first + more, spelling.name, spelling.everyday, shorter)
    return best

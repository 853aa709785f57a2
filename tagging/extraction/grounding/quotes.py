"""Names that an entry writes in part: Node.js as `node`, AWS IAM as `IAM`, Matplotlib as `Maploitlib`.

The model has weighed the entry and quotes the words that show the name. So a word of the name is enough, if it stands
in that quote and the quote in the entry; not a word that all products of a vendor have, or that many names are made
of: "on AWS" shows no AWS Lambda.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path

from tagging.extraction import lexicon
from tagging.extraction.lexicon.tokens import Token, forms, tokenise
from tagging.extraction.load_once import load_once
from tagging.extraction.sections import read_sections

MAX_EVIDENCE = 100
MAX_WORDS = 12  # of a quote: the prompt asks for eight
_ENDINGS = ("s", "es", "en", "e", "n")
# Letters of a name in which two neighbours may be swapped, or one slip of any kind is looked for.
_MIN_SWAPPED, _MIN_SLIP = 6, 8


@load_once
def words() -> dict[str, frozenset[str]]:
    return read_sections(Path(__file__).with_name("about.words"))


class Quotes:
    """The quotes of one answer, looked up in its entry."""

    def __init__(self, entry: str, tokens: list[Token], is_cut: Callable[[list[Token], int], bool]) -> None:
        """is_cut: tells whether a short token is cut from a word: the `go` of "go-to"."""
        self._entry = entry
        self._tokens = tokens
        self._is_cut = is_cut
        self._starts = [token.start for token in tokens]
        self._spans: dict[str, range] = {}

    def place(self, name: str, given: str, quote: object) -> int | None:
        """Return the token, within the quote, that shows this name; None if the quote is not one or shows it not."""
        at = [at for at in self._span(quote) if len(self._tokens[at].text) > 1 and not self._is_cut(self._tokens, at)]
        keys = [self._tokens[i].key for i in at]
        own = own_words(name) | own_words(given)
        if not at:
            return None
        found = [i for i, key in zip(at, keys, strict=True) if _is_one_of(key, own)]
        if found and (lexicon.known(name) or own <= set(keys)):  # of a name that nobody knows no word may be wanting
            return found[0]
        found += [i for i, key in zip(at, keys, strict=True) if is_slip(key, name)]
        return next(iter(found), None) if lexicon.known(name) else None

    def _span(self, quote: object) -> range:
        """Return the tokens of a quote that stands in the entry word for word."""
        if not isinstance(quote, str) or not quote.strip() or len(quote) > MAX_EVIDENCE:
            return range(0)
        if quote not in self._spans:
            at = self._entry.find(quote)
            first, last = bisect_left(self._starts, at), bisect_right(self._starts, at + len(quote) - 1)
            span = range(first, last) if at >= 0 else self._run(quote)
            self._spans[quote] = span if len(span) <= MAX_WORDS else range(0)
        return self._spans[quote]

    def _run(self, quote: str) -> range:
        """Return the tokens of a quote that stands in the entry with other spaces, quotation marks or dashes."""
        words = [token.text for token in tokenise(quote)]
        at = self._words.find(f" {' '.join(words)} ")
        first = self._words.count(" ", 0, at + 1) - 1
        return range(first, first + len(words)) if words and at >= 0 else range(0)

    @cached_property
    def _words(self) -> str:
        return f" {' '.join(token.text for token in self._tokens)} "


@lexicon.remembered(1 << 12)
def own_words(name: str) -> frozenset[str]:
    """Return the folded words that tell this name from others; of a known one also its one-word everyday aliases."""
    own = {key for key in forms(name)[1] if _is_own(key, name)}
    for spelling in lexicon.load().by_name.get(name, ()):
        keys = forms(spelling.written)[1]
        if len(keys) == 1 and keys[0] not in words()["function"]:
            own.add(keys[0])
    return frozenset(own)


def _is_own(key: str, name: str) -> bool:
    if (
        len(key) < 2
        or key.isdecimal()
        or any(key in words()[section] for section in ("vendors", "generic", "function"))
    ):
        return False
    other = lexicon.known(key)
    return other is None or other.everyday or other.name == name


def _is_one_of(key: str, own: frozenset[str]) -> bool:
    if key in own:
        return True
    return any(
        len(key) > len(ending) + 2 and key.removesuffix(ending) in own for ending in _ENDINGS if key.endswith(ending)
    )


def is_slip(key: str, name: str) -> bool:
    """Whether a word is a known name with a slip, not in its first or last letter; and is itself no other word."""
    if lexicon.known(name) is None or not key.isalpha() or lexicon.known(key) or key in words()["resembling"]:
        return False
    joined = forms(name)[0][-1].replace(" ", "")
    if len(joined) < _MIN_SWAPPED or joined == key or (joined[0], joined[-1]) != (key[0], key[-1]):
        return False
    if len(joined) < _MIN_SLIP:
        return sorted(joined) == sorted(key) and slips(key, joined, 1) <= 1
    return abs(len(joined) - len(key)) <= 1 and slips(key, joined, 1) <= 1


@lru_cache(maxsize=1 << 12)
def slips(word: str, other: str, most: int) -> int:
    """Return how many letters were left out, added, mistaken or swapped with their neighbour; `most + 1` if more.

    The optimal string alignment distance (Boytsov 2011, "Indexing methods for approximate dictionary searching").
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        two_before, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == wanted:
                least = min(least, two_before[j - 2] + 1)
            row.append(least)
        if min(row) > most:
            return most + 1
    return row[-1]

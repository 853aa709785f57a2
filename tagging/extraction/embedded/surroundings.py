"""What stands around a name: the technologies already found in the entry, near it and in one list with it."""

from __future__ import annotations

from typing import NamedTuple

from tagging.extraction.embedded.cues import cues
from tagging.extraction.lexicon.tokens import Text

_LIST_GAPS = frozenset(
    (", ", ",", ",\n", "/", " / ", " + ", "+", " & ", "&", " | ", "; ", "\n- ", "\n* ", " -> ", " → ", "->")
)
# Of so many words of a line so many have a capital: then that tells nothing.
_MIN_TITLED, _TITLED = 4, 0.7
_ADJACENT = (" ", "-")
MAX_MENTIONS = 50  # a word that so many mentions did not show to be a technology is none here


class Found(NamedTuple):
    """Tokens `first` to `last` name a technology; `everyday`: or they are just words."""

    first: int
    last: int
    name: str
    everyday: bool = False
    otherwise: Found | None = None  # a shorter name within, should the longer one be an everyday word here


class Surroundings:
    """The tokens of an entry and what is known of them so far; what is found later speaks for its neighbours too."""

    def __init__(self, text: Text, found: list[Found]) -> None:
        self.text = text
        self.german = _is_german(text)
        self.near: set[int] = set()
        self.sentences: set[int] = set()
        self.titled = _titled(text)
        self.doubted: set[int] = set()  # tokens of everyday words that are not decided upon yet
        for one in found:
            self.keep(one)

    def keep(self, found: Found) -> None:
        self.near.update((found.first, found.last))
        self.sentences.add(self.text.sentence[found.first])

    def known_around(self, found: Found) -> float:
        """Return 1 for a technology in the same sentence, 0.5 for one elsewhere in the entry."""
        return 1 if self.text.sentence[found.first] in self.sentences else 0.5 if self.sentences else 0

    def beside_known(self, found: Found) -> float:
        """Weigh that the name stands in one list with a technology."""
        weight = self._listed_with(found, self.near)
        if not weight:
            return 0
        word = self.text.tokens[found.first]
        # A verb may go on with the sentence after an "and"; a noun in small letters is hardly there by chance.
        return weight + (1.5 if word.text.islower() and word.key not in cues()["acts"] else 0.5)

    def beside_doubted(self, found: Found) -> float:
        """Weigh that the name stands in one list with another doubtful one; where all words have a capital it may."""
        return 0 if found.first in self.titled else self._listed_with(found, self.doubted)

    def adjoins_known(self, found: Found) -> bool:
        """Whether a technology is the very next word: `Ionic Angular App`."""
        after = self.text.token(found.last + 1)
        if found.first - 1 in self.near and self.text.tokens[found.first].gap in _ADJACENT:
            return True
        return after is not None and after.gap in _ADJACENT and found.last + 1 in self.near

    def _listed_with(self, found: Found, others: set[int]) -> float:
        tokens = self.text.tokens
        for at, step, behind_gap in ((found.first - 1, -1, found.first), (found.last + 1, 1, found.last + 1)):
            if at in others and (gap := tokens[behind_gap].gap) in _LIST_GAPS:
                return 2 if "+" in gap or "/" in gap else 1
            if at + step in others and tokens[at].key in cues()["list-words"]:
                return 1
        return 0


def _titled(text: Text) -> set[int]:
    """Return the tokens of lines in which most words have a capital, as in a table: there it tells nothing."""
    titled: set[int] = set()
    begins = 0
    for at in range(1, len(text.tokens) + 1):
        if at < len(text.tokens) and "\n" not in text.tokens[at].gap:
            continue
        words = [token.text[0].isupper() for token in text.tokens[begins:at] if not token.text[0].isdigit()]
        is_row = any("|" in token.gap for token in text.tokens[begins:at])
        if (len(words) >= _MIN_TITLED or is_row) and sum(words) >= _TITLED * len(words):
            titled.update(range(begins, at))
        begins = at
    return titled


def _is_german(text: Text) -> bool:
    keys = [token.key for token in text.tokens[:400]]
    return sum(key in cues()["german"] for key in keys) > sum(key in cues()["english"] for key in keys)

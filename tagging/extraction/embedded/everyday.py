"""Names that are everyday words too: which of them are technologies here?

Each is weighed: its letter case, the words beside it, known technologies around it, code. ENOUGH is enough.
"""

from __future__ import annotations

from tagging.extraction.embedded.cues import cues
from tagging.extraction.embedded.fields import Fields
from tagging.extraction.embedded.surroundings import Found, Surroundings
from tagging.extraction.lexicon.tokens import PROSE, Token

ENOUGH = 2.0
# Before a name that people have, too, these alone show something else: nobody is "in Julia".
_PLACES = frozenset(("in", "into", "on", "auf", "unter"))
# With a hyphen between they are another word.
_OTHER_WORDS = frozenset((("go", "live"), ("go", "kart"), ("go", "karts"), ("go", "to"), ("go", "no"), ("c", "level")))
_QUOTES = "\"'`*_(„“"
_MAX_LABELLED = 6  # tokens from a letter of a list back to the word that says what they are


class EverydayWords:
    """Weighs everyday words by their surroundings."""

    def __init__(self, around: Surroundings, fields: Fields) -> None:
        self.around = around
        self.fields = fields
        self.text = around.text
        self.cues = cues()

    def technologies(self, doubtful: list[Found]) -> list[Found]:
        """Return those that are technologies; of the others, what shorter name is certain."""
        self.around.doubted = {i for found in doubtful for i in (found.first, found.last)}
        kept: list[Found] = []
        for _ in range(2):  # what the first round keeps speaks for its neighbours in the second
            enough = {found.first: found for found in doubtful if self.weigh(found) >= ENOUGH}
            for found in enough.values():
                self.around.keep(found)
            kept += enough.values()
            doubtful = [found for found in doubtful if found.first not in enough]
            if not enough:
                break
        return kept + [found.otherwise for found in doubtful if found.otherwise]

    def weigh(self, found: Found) -> float:
        token = self.text.tokens[found.first]
        common = self._is_common(found, token)
        weight = self._letter_case(found, token, common)
        after = self._word_after(found, token, common)
        before = self._word_before(found, token, common)
        if token.text[0].isupper() and self.fields.speak_for(found):
            weight += 1.5
            before = before if before < -1 else max(before, 0)  # an article says nothing then
        weight += after + (max(before, 0) if after > 0 and not common else before)
        weight += self._stands_alone(found, token)
        weight += self.around.known_around(found)
        weight += self.around.beside_known(found) or (1.5 if not common and self.around.adjoins_known(found) else 0)
        weight += 0 if self._is_persons(token) else self.around.beside_doubted(found)
        if token.gap[-1:] == "#":
            weight += 3
        if self.text.zone[found.first] != PROSE:
            # One letter alone is a variable.
            weight += (-3 if len(token.text) == 1 else 1) + 3 * self._is_called(found, token)
        return weight

    def _is_persons(self, token: Token) -> bool:
        """Whether people have this name, too: then only what it does or is shows a technology."""
        return token.key in self.cues["people"]

    def _is_common(self, found: Found, token: Token) -> bool:
        """Whether the word is so common that its letter case alone says nothing."""
        if found.last > found.first:
            return False
        if len(token.key) == 1 or (self.around.german and token.key in self.cues["german-words"]):
            return True
        if self._is_persons(token):
            return True
        return token.key in self.cues["common"] and (token.text[0].islower() or not self.around.german)

    def _letter_case(self, found: Found, token: Token, common: bool) -> float:
        if token.text[0].islower():
            return -2 if common and token.text not in found.name else 0
        if len(token.text) > 2 and token.text.isupper():
            return 1.5
        if self._is_persons(token):
            return 0.5
        if found.first in self.around.titled:
            return 0 if common else 1
        if self.around.german:  # where every noun has a capital
            return 0.5 if common else 2
        if self.text.opens[found.first]:
            return 0 if common else 1
        return 1.5 if common else 2

    def _word_before(self, found: Found, token: Token, common: bool) -> float:
        before = self.text.token(found.first - 1)
        lower = token.text[0].islower()
        if before is None:
            return 0
        if token.gap == "-":
            return -2
        if len(token.text) < 3 and self._is_labelled(found.first):
            return -5  # option C, room D
        if token.gap.strip(_QUOTES) == " ":
            if before.key in self.cues["before"]:
                return 1 if lower and common else 2
            if before.key in (_PLACES if self._is_persons(token) else self.cues["prepositions"]):
                return 0 if lower and before.key == "to" else 1
            if before.key in self.cues["articles"]:
                return -1 if lower or self.around.german else 0
        if len(token.text) == 1 and token.gap[-1:] in (":", ";"):
            return -5  # a smiley
        return 1 if token.gap == ": " else 0

    def _is_labelled(self, at: int) -> bool:
        """Whether a letter is one of several things, alone or in a list of letters: `room C`, `vitamins C and D`."""
        tokens = self.text.tokens
        for behind in range(at, max(at - _MAX_LABELLED, 0), -1):
            before = tokens[behind - 1].key
            if tokens[behind].gap == " " and before in self.cues["labels"]:
                return True
            if len(before) > 2 and before not in self.cues["list-words"]:
                return False
        return False

    def _word_after(self, found: Found, token: Token, common: bool) -> float:
        following = self.text.token(found.last + 1)
        if following is not None and following.key == token.key:
            return -5  # go, go, go
        if token.gap == "&" or (following is not None and following.gap == "&"):
            return -5 if len(token.text) == 1 else 0  # R&D
        if following is None or following.gap not in (" ", "-", "'", "’"):
            return 0
        if following.gap == "-" and (token.key, following.key) in _OTHER_WORDS:
            return -5
        lower = token.text[0].islower()
        compound = following.gap == "-" and following.text[0].isupper() and not lower and len(token.text) > 1
        if following.key in self.cues["after"] and (following.gap == " " or compound or not common):
            return 1 if lower and common else 2
        if following.gap == "-":
            return 0 if compound else -2
        if following.gap != " ":
            return 1 if following.key == "s" else 0
        if following.key[0].isdigit():
            return 0.5 if lower else 2
        return -1 if following.text[0].isupper() and not self.around.german else 0

    def _stands_alone(self, found: Found, token: Token) -> bool:
        """Whether it is all of a line after a label or a bullet: `Backend: Go`."""
        following = self.text.token(found.last + 1)
        begins = token.gap[-2:] in (": ", "- ", "* ")
        return begins and (following is None or "\n" in following.gap or following.gap[:1] == ",")

    def _is_called(self, found: Found, token: Token) -> bool:
        """Whether a line of code begins with the name and goes on: `make debug`."""
        following = self.text.token(found.last + 1)
        begins = token.gap.rstrip(" $")[-1:] in ("`", "\n")
        return begins and following is not None and following.gap in (" ", " -", " --") and token.text.islower()

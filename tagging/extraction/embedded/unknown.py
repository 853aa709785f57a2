"""Names the lexicon does not know: capitalised words whose shape and surroundings show a technology.

ist auf NimbusForge deployed · a library called snorkelbee · Pebblestore, a small embedded database
"""

from __future__ import annotations

from collections import Counter

from tagging.extraction.embedded.cues import cues
from tagging.extraction.embedded.surroundings import MAX_MENTIONS, Found, Surroundings
from tagging.extraction.grounding.quotes import words
from tagging.extraction.lexicon.tokens import PROSE, Token, fold
from tagging.extraction.lexicon.typos import well_known
from tagging.extraction.load_once import load_once

ENOUGH = 2.5
_MIN_LETTERS = 3
_MAX_TOKENS = 3
_ENDINGS = frozenset(("js", "ai", "io", "py", "rs", "net"))  # Foo.js
_GAPS_BEFORE_EXPLANATION = (", ", " (", " – ", " - ")


@load_once
def _ordinary() -> frozenset[str]:
    """Return the words that never begin an unknown name."""
    return frozenset[str]().union(*cues().values()) - well_known()


class UnknownNames:
    """Weighs the words that the lexicon does not know."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.text = around.text
        self.cues = cues()

    def technologies(self, taken: set[int]) -> list[Found]:
        busy, told, told_twice = self._kinds_of_sentences()
        self.technical = self.around.sentences | self._with_kinds()
        told &= {sentence + 1 for sentence in told} | told_twice
        technologies = []
        mentions: Counter[str] = Counter()
        behind = 0
        for i, token in enumerate(self.text.tokens):
            if len(token.text) < _MIN_LETTERS or i < behind or i in taken or not self._may_begin_a_name(i, token):
                continue
            found = self._phrase(i, taken)
            behind = found.last + 1
            mentions[found.name] += 1
            if mentions[found.name] > MAX_MENTIONS:
                continue
            sentence = self.text.sentence[i]
            if sentence not in told and self.weigh(found, sentence in busy) >= ENOUGH:
                technologies.append(found)
        return technologies

    def weigh(self, found: Found, busy: bool) -> float:
        """Weigh a phrase; `busy`: its sentence has a verb of building, running or moving software."""
        shape = self._shape(found)
        # Where all words have a capital, a technology beside them tells nothing of the others.
        listed = 0 if found.first in self.around.titled else self.around.beside_known(found)
        said = self._before(found, busy) + self._after(found) + 1.5 * self._is_explained(found.last)
        said += listed if shape > 0 else listed / 2
        # Else it may as well be a class of one's own: DocShells, LoginForm.
        around = 0.5 * self.around.known_around(found) if said > 0.5 or shape > 2 else 0
        return shape + around + said

    def _kinds_of_sentences(self) -> tuple[set[int], set[int], set[int]]:
        """Return the sentences with a verb of software, and those that talk to a language model (once, twice)."""
        verbs, instructions = self.cues["verbs"], self.cues["instructions"]
        busy: set[int] = set()
        told: set[int] = set()
        told_twice: set[int] = set()
        for token, sentence in zip(self.text.tokens, self.text.sentence, strict=True):
            if token.key in verbs:
                busy.add(sentence)
            if token.key in instructions:
                (told_twice if sentence in told else told).add(sentence)
        return busy, told, told_twice

    def _with_kinds(self) -> set[int]:
        """Return the sentences that name a kind of technology: library, Datenbank, Werkzeug."""
        kinds = tuple(self.cues["kind-endings"])
        words = zip(self.text.tokens, self.text.sentence, strict=True)
        return {at for token, at in words if token.key in self.cues["kinds"] or token.key.endswith(kinds)}

    def _may_begin_a_name(self, i: int, token: Token) -> bool:
        before = self.text.token(i - 1)
        if not token.text[0].isupper() and (before is None or before.key not in self.cues["naming"]):
            return False
        if token.text[0].islower() and not token.text.islower():
            return False  # aFunction
        if token.text[1:].islower() and token.key.endswith(tuple(self.cues["kind-endings"])):
            return False  # a Bibliothekssystem
        following = self.text.token(i + 1)
        if self.text.opens[i] and token.key.endswith("ed") and following and following.text[0].isupper():
            return False  # Added Foo
        return self.text.zone[i] == PROSE and i not in self.text.hidden and token.key not in _ordinary()

    def _phrase(self, first: int, taken: set[int]) -> Found:
        """Join the capitalised words that begin here: `Foo Cloud`, `Foo.js`."""
        tokens = self.text.tokens
        last = first
        while last - first + 1 < _MAX_TOKENS and (following := self.text.token(last + 1)):
            ending = following.gap == "." and following.key in _ENDINGS
            word = following.gap == " " and following.text[0].isupper() and last + 1 not in taken
            word = word and following.key not in self.cues["ordinary"] and not self._is_acronym_of_kind(following)
            if not ending and not word:
                break
            last += 1
        name = tokens[first].text + "".join(token.gap + token.text for token in tokens[first + 1 : last + 1])
        return Found(first, last, name)

    def _is_acronym_of_kind(self, token: Token) -> bool:
        """Whether it only says what the name before it is: `the Foo ORM`."""
        return token.text.isupper() and token.key in self.cues["kinds"]

    def _shape(self, found: Found) -> float:
        tokens, first, last = self.text.tokens, found.first, found.last
        word = tokens[first].text
        weight = 0.0
        if last > first:
            weight += 2 if tokens[last].gap == "." else tokens[last].key in self.cues["products"]
        if humps := [i for i in range(1, len(word)) if word[i].isupper() and word[i - 1].islower()]:
            return weight + (2.5 if fold(word[humps[-1] :]) in self.cues["products"] else 1.5)
        if word.isupper() and len(word) < 5:
            return weight - 1
        if self.around.german or self.text.opens[first]:  # where a capital says little
            return weight or -1
        return weight + 0.5

    def _before(self, found: Found, busy: bool) -> float:
        """Weigh the words before: `called X`, `Framework X`, `nutzen wir jetzt X`, `written in X`."""
        if self.text.tokens[found.first].gap != " ":
            return 0.5 * busy
        at = found.first - 1
        before = self.text.tokens[at].key
        if before in self.cues["naming"] and self.text.tokens[at].gap == " ":
            is_plain = found.name.islower() and found.name not in words()["function"]
            return 4 if is_plain or self.text.sentence[found.first] in self.technical else 1
        if before in self.cues["kinds"]:
            return 2.5
        if before in self.cues["prepositions"]:
            around = (self.text.token(found.first - 2), self.text.token(found.last + 1))
            return 0.5 + busy + any(word.key in self.cues["verbs"] for word in around if word)
        while at > found.first - 4 and self.text.tokens[at].key in self.cues["fillers"]:
            at -= 1
        return 1.5 if at >= 0 and self.text.tokens[at].key in self.cues["before"] else 0.5 * busy

    def _after(self, found: Found) -> float:
        """Weigh the word after: `X cluster`, `the X library`, `X 2.1`; but the `X class` is one's own."""
        following = self.text.token(found.last + 1)
        if following is None or following.gap not in (" ", "-"):
            return 0
        if following.key in self.cues["members"]:
            return -3
        if following.gap == " " and following.key in self.cues["kinds"] and not self.around.german:
            return 2
        return 1 if following.key in self.cues["after"] or (following.gap == " " and following.key[0].isdigit()) else 0

    def _is_explained(self, last: int) -> bool:
        """Whether it goes on like `X, eine spaltenorientierte Datenbank` or `X, a small library for ...`."""
        following = self.text.token(last + 1)
        if following and following.key in self.cues["verbs"]:
            last += 1
            following = self.text.token(last + 1)
        if following is None or following.gap not in _GAPS_BEFORE_EXPLANATION:
            return False
        kinds = tuple(self.cues["kind-endings"])
        words = self.text.tokens[last + 2 : last + 6] if following.key in self.cues["articles"] else ()
        return any(word.key in self.cues["after"] or word.key.endswith(kinds) for word in words)

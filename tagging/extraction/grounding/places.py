"""Where the wanted names stand in an entry: as they are, glued to other letters, with a slip, or in part."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tagging.extraction import lexicon
from tagging.extraction.grounding.orders import Orders
from tagging.extraction.grounding.quotes import Quotes
from tagging.extraction.grounding.runs import is_cut_from_a_word, is_just_a_word, runs
from tagging.extraction.grounding.wanted import Wanted
from tagging.extraction.lexicon.glued import name_in
from tagging.extraction.lexicon.tokens import Token
from tagging.extraction.lexicon.typos import correct

# The first and the last token of a name.
Place = tuple[int, int]


def places_of(wanted: Wanted, entry: str, tokens: list[Token]) -> dict[str, Place]:
    """Return by name the first place that shows it; the surest way of looking comes first."""
    search = _Search(wanted, entry, tokens)
    places = search.standing()
    for look in (search.glued, search.misspelt, search.quoted):
        if missing := wanted.evidence.keys() - places.keys():
            for name, first, last in look(missing):
                if search.shows(name, first, last):
                    places.setdefault(name, (first, last))
    return places


class _Search:
    """The ways to look for the names of one answer."""

    def __init__(self, wanted: Wanted, entry: str, tokens: list[Token]) -> None:
        self.wanted = wanted
        self.entry = entry
        self.tokens = tokens
        self.orders = Orders(entry, tokens)

    def shows(self, name: str, first: int, last: int) -> bool:
        """Whether these tokens show this name, should it be one that nobody knows."""
        wanted = self.wanted
        return name not in wanted.unknown or not self.orders.hide(wanted.written[name], first, last)

    def standing(self) -> dict[str, Place]:
        """Return the places of the names that stand there as they are; the longest of each place first."""
        places: dict[str, Place] = {}
        within: dict[str, Place] = {}  # the React of React Native: counts where React has no place of its own
        behind = -1
        sought = self.wanted.forms
        for form, first, last in runs(self.tokens, sought):
            for name, everyday in sought[form]:
                if self._may_stand(name, everyday, first, last):
                    (within if last <= behind else places).setdefault(name, (first, last))
                    behind = max(behind, last)
            if first == last and all(name in places for name, _ in sought[form]):
                del sought[form]  # seen again, it tells nothing more
        return within | places

    def _may_stand(self, name: str, everyday: bool, first: int, last: int) -> bool:
        sign = self.wanted.signs.get(name, "")
        if not (self.entry.startswith(sign, self.tokens[last].end) and self.shows(name, first, last)):
            return False
        return not (everyday and is_just_a_word(self.tokens, first))

    def glued(self, missing: Collection[str]) -> Iterator[tuple[str, int, int]]:
        """Yield the names that stand there with letters or digits glued to them."""
        tokens = self.tokens
        sought = {
            form: names for form, names in self.wanted.forms.items() if any(name in missing for name, _ in names)
        }
        known = lexicon.load().spellings
        # A name of one word comes last: as the end of a longer one it would seem more certain than it is.
        ends = {
            form.rpartition(" ")[2]: known.get(form, (None,))[0] for form in sorted(sought, key=" ".__contains__)[::-1]
        }
        beginnings = {end[:2] for end in ends}
        bare = {
            at: token._replace(key=name)
            for at, token in enumerate(tokens)
            if token.key[:2] in beginnings and (name := name_in(token.text, ends))
        }
        for form, first, last in (
            runs([bare.get(at, token) for at, token in enumerate(tokens)], sought) if bare else ()
        ):
            yield from ((name, first, last) for name, _ in sought[form] if name in missing and last in bare)

    def misspelt(self, missing: Collection[str]) -> Iterator[tuple[str, int, int]]:
        """Yield the well-known names that stand there with a slip."""
        for at, token in enumerate(self.tokens):
            spelling = correct(token.key)
            if spelling and spelling.name in missing:
                yield spelling.name, at, at

    def quoted(self, missing: Collection[str]) -> Iterator[tuple[str, int, int]]:
        """Yield the names of which the extractor's own words show a part."""
        quotes = Quotes(self.entry, self.tokens, is_cut_from_a_word)
        for name in missing:
            at = quotes.place(name, self.wanted.written[name], self.wanted.evidence[name])
            if at is not None:
                yield name, at, at

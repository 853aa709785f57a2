"""What grounding looks for: each name as it was given, and in every spelling the lexicon has for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tagging.extraction import lexicon
from tagging.extraction.grounding.orders import is_no_name
from tagging.extraction.lexicon.tokens import forms
from tagging.extraction.names import MAX_NAME, canonical, clean, sign_of, trim

_VERSION = re.compile(r" v?\d{1,4}(?:\.\d{1,4}){0,3}(?:\.x)?\+?$")


class Wanted:
    """The names of one answer.

    forms: by folded form each name it stands for, and whether it is an everyday word. By name:
    evidence: the extractor's words. written: as it was given. signs: what must stand behind it. given: how often it
    was named, in whatever spelling.
    unknown: those that the lexicon does not know.
    """

    def __init__(self, technologies: Iterable[object], entry: str) -> None:
        self.forms: dict[str, list[tuple[str, bool]]] = {}
        self.evidence: dict[str, object] = {}
        self.written: dict[str, str] = {}
        self.signs: dict[str, str] = {}
        self.given: Counter[str] = Counter()
        self.unknown: set[str] = set()
        seen: dict[str, str] = {}
        for technology in technologies:
            given = trim(clean(getattr(technology, "name", None), MAX_NAME), entry)
            # However its tokens are put together, it is one name: a flood of spellings is no work.
            joined = _joined(given)
            if joined in seen:
                self.given[seen[joined]] += 1
            elif joined and (name := self._add(given, getattr(technology, "evidence", ""))):
                seen[joined] = name

    def _add(self, given: str, evidence: object) -> str | None:
        """Look for a name; return what it is called, or None if it is none."""
        bare = _VERSION.sub("", given)
        name = canonical(given if lexicon.known(given) else bare)
        if not lexicon.known(name):
            if is_no_name(name):
                return None
            self.unknown.add(name)
        self.given[name] += 1
        if sign := sign_of(given):
            self.signs[name] = sign
        spellings = [(given, False), (bare, False)]
        if name not in self.evidence:
            self.evidence[name], self.written[name] = evidence, given
            spellings += [(known.written, known.everyday) for known in lexicon.load().by_name.get(name, ())]
        for spelling, everyday in spellings:
            for form in forms(spelling)[0]:
                names = self.forms.setdefault(form, [])
                if (name, everyday) not in names:
                    names.append((name, everyday))
        return name


def _joined(given: str) -> str:
    keys = forms(_VERSION.sub("", given))[1]
    return "".join(keys) and "".join((*keys, sign_of(given)))

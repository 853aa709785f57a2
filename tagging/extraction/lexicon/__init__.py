"""The technologies known by name.

Every data/*.txt is read. A line is `NAME[MARKS] [= ALIAS[MARKS], ALIAS[MARKS], ...]`; a `#` comments. A line
`[KIND]` begins a section: what follows is of this kind (tagging/extraction/kinds.py).
MARKS: `?` also an everyday word, counts only where context shows a technology; `!` only in exactly this letter case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tagging.extraction.kinds import Kind
from tagging.extraction.lexicon.tokens import fold, forms, letters
from tagging.extraction.load_once import load_once

FOLDER = Path(__file__).parent / "data"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MIN_JOINED = 4


class Spelling(NamedTuple):
    """One way to write a technology: the name it stands for, and when it counts."""

    name: str
    written: str
    everyday: bool
    exact: bool
    kind: str = ""

    def fits(self, text: str) -> bool:
        """Whether these words of an entry, equal when folded, are in the letter case asked for."""
        return not self.exact or letters(text) == letters(self.written)


class Lexicon:
    """All spellings by folded form and by name; and by their first two tokens, how many the longest of them has."""

    def __init__(self, spellings: list[Spelling]) -> None:
        self.spellings: dict[str, tuple[Spelling, ...]] = {}
        self.by_name: dict[str, list[Spelling]] = {}
        self.openers: dict[str, dict[str, int]] = {}
        self._loose: list[tuple[str, Spelling]] = []
        for spelling in spellings:
            self._add(spelling)
        for key, spelling in self._loose:  # after all that is written exactly so
            self._put(key, spelling)

    def find(self, key: str, text: str) -> Spelling | None:
        """Return what these words stand for, or None."""
        for spelling in self.spellings.get(key, ()):
            if spelling.fits(text):
                return spelling
        return None

    def _add(self, spelling: Spelling) -> None:
        written = spelling.written
        self.by_name.setdefault(spelling.name, []).append(spelling)
        (as_written, *others), tokens = forms(written)
        self._put(as_written, spelling)
        for key in others:
            # "release it" may be release-it, "Flask login" is not Flask-Login, and who "adds" means no AD DS.
            apart = key.count(" ") > written.count(" ") and not written.endswith(".js")
            if apart or len(key) > _MIN_JOINED:
                self._loose.append((key, spelling._replace(everyday=True, exact=True) if apart else spelling))
        if len(tokens) == 1 and not written[1:].islower() and len(humps := _HUMP.split(written)) > 1:
            # "Git Hub" is GitHub, but "my SQL" is not MySQL: split, it counts in its own letter case only.
            tokens = tuple(fold(hump) for hump in humps)
            self._loose.append((" ".join(tokens), spelling._replace(written=" ".join(humps), exact=True)))
        if len(tokens) > 1:
            longest = self.openers.setdefault(tokens[0], {})
            longest[tokens[1]] = max(len(tokens), longest.get(tokens[1], 0))

    def _put(self, key: str, spelling: Spelling) -> None:
        known = self.spellings.get(key)
        # Exact spellings are tried first; of two names for one spelling the first wins.
        if not known:
            self.spellings[key] = (spelling,)
        elif spelling.exact:
            self.spellings[key] = (spelling, *known)
        elif all(other.exact for other in known):
            self.spellings[key] = (*known, spelling)


@load_once
def load() -> Lexicon:
    """Read the lexicon, once per process and only when first needed: management commands must not pay for it."""
    names, aliases = [], []
    for path in sorted(FOLDER.glob("*.txt")):
        for name, *others in _read(path):
            names.append(name)
            aliases += others
    return Lexicon(names + aliases)  # a name wins against an equal alias of another


def known(name: str) -> Spelling | None:
    """Return what the lexicon knows under this name, or None."""
    found = (load().find(key, name) for key in forms(name)[0])
    return next(filter(None, found), None)


def canonical(name: str) -> str:
    """Return the name the lexicon gives a technology (k8s -> Kubernetes); an unknown one only loses white space."""
    name = " ".join(name.split())
    spelling = known(name)
    return spelling.name if spelling else name


def _read(path: Path) -> Iterator[list[Spelling]]:
    kind = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.partition(" #")[0].strip()
        if line.startswith("["):
            kind = Kind(line[1:-1]).value
        elif line and not line.startswith("#"):
            written, _, aliases = line.partition(" = ")
            name = written.rstrip(" ?!")
            yield [_spelling(name, part.strip(), kind) for part in (written, *aliases.split(",")) if part]


def _spelling(name: str, written: str, kind: str) -> Spelling:
    if written[-1:] not in "?!":
        return Spelling(name, written, False, False, kind)
    bare = written.rstrip("?!")
    return Spelling(name, bare, "?" in written[len(bare) :], "!" in written[len(bare) :], kind)

"""The technologies known by name: those of the files here, and those that a house teaches.

Every data/*.txt is read. A line is `NAME[MARKS] [= ALIAS[MARKS], ALIAS[MARKS], ...]`; a `#` comments. A line
`[KIND]` begins a section: what follows is of this kind (tagging/extraction/kinds.py).
MARKS: `?` also an everyday word, counts only where context shows a technology; `!` only in exactly this letter case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, wraps
from pathlib import Path
from typing import NamedTuple, TypeVar

from tagging.extraction.kinds import Kind
from tagging.extraction.lexicon.tokens import JOINS, Token, fold, forms, letters
from tagging.extraction.load_once import load_once

FOLDER = Path(__file__).parent / "data"
Answer = TypeVar("Answer")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MIN_JOINED = 4
_MOST_IN_INDEX = 4  # letters by which taught names are found in an entry


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
        self.taught: tuple[str, ...] = ()
        self._taught_by_letters: dict[str, list[str]] = {}
        self._remembering: dict[Callable[[str], object], Callable[[str], object]] = {}
        self._add_all(spellings)

    def taught_with(self, spellings: list[Spelling]) -> Lexicon:
        """Return a lexicon that knows these too; they win against its own, and keep its kinds where they tell none."""
        names = Lexicon([])
        names.spellings, names.by_name, names.openers = dict(self.spellings), dict(self.by_name), dict(self.openers)
        names.taught = tuple(dict.fromkeys(spelling.name for spelling in spellings))
        kinds = {}
        for name in names.taught:
            names.by_name[name] = list(self.by_name.get(name, ()))
            kinds[name] = next((known.kind for known in names.by_name[name]), "")
        taken = {key: spelling.name for spelling in spellings for key in forms(spelling.written)[0]}
        for key, taker in taken.items():
            for name in {lost.name for lost in names.spellings.pop(key, ())} - {taker}:
                # Else the name would still stand wherever the spelling does.
                names.by_name[name] = [one for one in names.by_name[name] if key not in forms(one.written)[0]]
        names._add_all([each if each.kind else each._replace(kind=kinds[each.name]) for each in spellings])
        for name in names.taught:
            written = (forms(spelling.written)[0] for spelling in names.by_name[name])
            for beginning in {form.partition(" ")[0][:_MOST_IN_INDEX] for each in written for form in each}:
                names._taught_by_letters.setdefault(beginning, []).append(name)
        return names

    def taught_near(self, tokens: Sequence[Token]) -> list[str]:
        """Return the taught names that may stand among these tokens: with whose first letters one begins."""
        beginnings, behind = set[str](), ""
        for token in reversed(tokens):
            key = (token.key + behind)[:_MOST_IN_INDEX]  # a name may be written apart, by a hyphen or a dot
            beginnings.update(key[:end] for end in range(1, len(key) + 1))
            behind = key if JOINS.get(token.gap) == "" else ""
        near = {name for beginning in beginnings for name in self._taught_by_letters.get(beginning, ())}
        return sorted(near)

    def find(self, key: str, text: str) -> Spelling | None:
        """Return what these words stand for, or None."""
        for spelling in self.spellings.get(key, ()):
            if spelling.fits(text):
                return spelling
        return None

    def _add_all(self, spellings: list[Spelling]) -> None:
        self._loose: list[tuple[str, Spelling]] = []
        for spelling in spellings:
            self._add(spelling)
        for key, spelling in self._loose:  # after all that is written exactly so
            self._put(key, spelling)

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
            longest = self.openers.get(tokens[0], {})
            self.openers[tokens[0]] = longest | {tokens[1]: max(len(tokens), longest.get(tokens[1], 0))}

    def _put(self, key: str, spelling: Spelling) -> None:
        known = self.spellings.get(key)
        # Exact spellings are tried first; of two names for one spelling the first wins.
        if not known:
            self.spellings[key] = (spelling,)
        elif spelling.exact:
            self.spellings[key] = (spelling, *known)
        elif all(other.exact for other in known):
            self.spellings[key] = (*known, spelling)

    def remembering(self, function: Callable[[str], Answer], maxsize: int) -> Callable[[str], Answer]:
        """Return a function that remembers its answers for as long as this is the lexicon."""
        if function not in self._remembering:
            self._remembering[function] = lru_cache(maxsize)(function)
        return self._remembering[function]  # type: ignore[return-value]


@load_once
def from_files() -> Lexicon:
    """Read the lexicon, once per process and only when first needed: management commands must not pay for it."""
    lines = (line for path in sorted(FOLDER.glob("*.txt")) for line in path.read_text(encoding="utf-8").splitlines())
    return Lexicon(_names_first(lines))


# With what a house has taught above the files. One reference, so that threads see the old one or the new one.
_with_taught: Lexicon | None = None


def load() -> Lexicon:
    """Return all that is known now."""
    return _with_taught or from_files()


def teach(lines: Iterable[str]) -> None:
    """Know these names from now on, and no more those that were taught before; the lines are as in the files."""
    global _with_taught
    spellings = _names_first(lines)
    _with_taught = from_files().taught_with(spellings) if spellings else None


def remembered(maxsize: int) -> Callable[[Callable[[str], Answer]], Callable[[str], Answer]]:
    """Remember what a function tells of a text, until other names are taught."""

    def decorate(function: Callable[[str], Answer]) -> Callable[[str], Answer]:
        @wraps(function)
        def answer(text: str) -> Answer:
            return load().remembering(function, maxsize)(text)

        return answer

    return decorate


def known(name: str) -> Spelling | None:
    """Return what the lexicon knows under this name, or None."""
    found = (load().find(key, name) for key in forms(name)[0])
    return next(filter(None, found), None)


def canonical(name: str) -> str:
    """Return the name the lexicon gives a technology (k8s -> Kubernetes); an unknown one only loses white space."""
    name = " ".join(name.split())
    spelling = known(name)
    return spelling.name if spelling else name


def _names_first(lines: Iterable[str]) -> list[Spelling]:
    """Return the spellings of these lines in the order in which they win: a name against an equal alias of another."""
    names, aliases = [], []
    for name, *others in read(lines):
        names.append(name)
        aliases += others
    return names + aliases


def read(lines: Iterable[str]) -> Iterator[list[Spelling]]:
    """Yield of each name its spellings, itself first; raise ValueError for a section of no kind."""
    kind = ""
    for line in lines:
        line = line.partition(" #")[0].strip()
        if line.startswith("["):
            kind = line[1:].removesuffix("]")
            if kind and kind not in list(Kind):
                raise ValueError(f"{line} is no kind; a section is one of {', '.join(f'[{each}]' for each in Kind)}.")
        elif line and not line.startswith("#"):
            written, _, aliases = line.partition(" = ")
            name = written.rstrip(" ?!")
            yield [_spelling(name, part.strip(), kind) for part in (written, *aliases.split(",")) if part]


def _spelling(name: str, written: str, kind: str) -> Spelling:
    if written[-1:] not in "?!":
        return Spelling(name, written, False, False, kind)
    bare = written.rstrip("?!")
    return Spelling(name, bare, "?" in written[len(bare) :], "!" in written[len(bare) :], kind)

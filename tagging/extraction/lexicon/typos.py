"""Well-known names with one slip of the finger: a letter too many, one missing, one wrong, or two swapped.

In a long name a letter may also be in another place (Maploitlib); doubled letters are no slip (gitubb).
"""

from __future__ import annotations

import re

from tagging.extraction.lexicon import FOLDER, Spelling, load, remembered
from tagging.extraction.load_once import load_once
from tagging.extraction.sections import read_sections

_MIN_SWAPPED = 4  # letters of a name in which two are swapped: HMTL
_MIN_LETTERS = 5
_MIN_LONG = 10
_MAX_LETTERS = 20


@load_once
def _words() -> dict[str, frozenset[str]]:
    return read_sections(FOLDER / "misspelt.names")


def well_known() -> frozenset[str]:
    """Return the names, folded, in which a slip is looked for."""
    return _words()["names"]


@load_once
def _slips() -> dict[str, tuple[str, ...]]:
    """Return the well-known names by what is left of each when one of its letters, but the first, is left out."""
    slips: dict[str, tuple[str, ...]] = {}
    for name in sorted(well_known()):
        for slip in {name[:i] + name[i + 1 :] for i in range(1, len(name))}:
            slips[slip] = (*slips.get(slip, ()), name)
    return slips


@remembered(1 << 14)
def correct(key: str) -> Spelling | None:
    """Return the well-known name that this folded word, unknown itself, is one slip away from."""
    if not _MIN_SWAPPED <= len(key) <= _MAX_LETTERS or key in _words()["words"]:
        return None
    for name in (*_near(key), *_near_without_doubles(key)):
        spelling = load().spellings.get(name, (None,))[0]
        if spelling and not spelling.everyday:
            return spelling
    return None


def _near(key: str) -> list[str]:
    """Return the names one slip away: those with a letter more, with a letter less, with one wrong."""
    shorter = [key[:i] + key[i + 1 :] for i in range(1, len(key))]
    wrong = [name for slip in shorter for name in _slips().get(slip, ()) if _is_one_slip(key, name)]
    if len(key) < _MIN_LETTERS:
        return wrong
    too_many = [name for name in shorter if name in well_known() and len(key) > _MIN_LETTERS and key != name + "s"]
    return [*_slips().get(key, ()), *too_many, *wrong]


def _near_without_doubles(key: str) -> list[str]:
    """Return the names that this word is, or is with a letter more, once its doubled letters are single."""
    single = re.sub(r"(\w)\1", r"\1", key)
    if single == key or len(single) < _MIN_LETTERS:
        return []
    return [single] * (single in well_known()) + [*_slips().get(single, ())]


def _is_one_slip(key: str, name: str) -> bool:
    """Whether two words of one length differ in one letter, in two neighbours swapped, or in where a letter stands."""
    if len(key) != len(name):
        return False
    differing = [i for i in range(len(key)) if key[i] != name[i]]
    if len(differing) == 2 and differing[1] - differing[0] == 1:
        return key[differing[0]] == name[differing[1]] and key[differing[1]] == name[differing[0]]
    # Of five letters, another word is too often one letter away.
    return len(name) >= _MIN_LONG or (len(differing) == 1 and len(key) > _MIN_LETTERS)

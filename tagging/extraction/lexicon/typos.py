"""Well-known names with one slip of the finger: a letter too many, one missing, one wrong, or two swapped."""

from __future__ import annotations

from tagging.extraction.lexicon import FOLDER, Spelling, load, remembered
from tagging.extraction.load_once import load_once

_MIN_LETTERS = 5
_MAX_LETTERS = 20


@load_once
def well_known() -> frozenset[str]:
    """Return the names, folded, in which a slip is looked for."""
    lines = (FOLDER / "misspelt.names").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(line for line in lines if not line.startswith("#")).split())


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
    if not _MIN_LETTERS <= len(key) <= _MAX_LETTERS:
        return None
    shorter = [key[:i] + key[i + 1 :] for i in range(1, len(key))]
    missing = _slips().get(key, ())
    too_many = [name for name in shorter if name in well_known() and key != name + "s"]
    wrong = [name for slip in shorter for name in _slips().get(slip, ()) if _is_one_slip(key, name)]
    for name in (*missing, *too_many, *wrong):
        spelling = load().spellings.get(name, (None,))[0]
        if spelling and not spelling.everyday:
            return spelling
    return None


def _is_one_slip(key: str, name: str) -> bool:
    """Whether two words of one length differ in one letter, or in two neighbours swapped."""
    if len(key) != len(name):
        return False
    differing = [i for i in range(len(key)) if key[i] != name[i]]
    if len(differing) == 2 and differing[1] - differing[0] == 1:
        return key[differing[0]] == name[differing[1]] and key[differing[1]] == name[differing[0]]
    # Of five letters, another word is too often one letter away.
    return len(differing) == 1 and len(key) > _MIN_LETTERS

"""Which letters, side by side, make one word: a word ends where the script changes (用Django写)."""

from __future__ import annotations

import re

# Combining marks and invisible characters stay inside a word, so that none of them can cut a name in two.
INVISIBLE = "\u00ad\u200b-\u200f\u2060\ufeff"
# These are letters to Unicode, and are written as apostrophes.
APOSTROPHES = "\u02bb\u02bc"
# The re module knows no scripts. Of its letters and digits (\w), all that are not Latin:
_NOT_LATIN = (
    "\u0370-\u1cff\u1f00-\u1fff\u2c00-\u2c5f\u2c80-\ua721\ua800-\uab2f\uab70-\ufaff\ufb07-\uff0f\uff66-\uffff"
    "\U00010000-\U0001d3ff\U0001d6a8-\U0001d7cb\U0001d800-\U0010ffff"
)
# Scripts without spaces: Han, hiragana, Thai, Lao, Burmese, Khmer. Each character is a token of its own, so that a
# name in them stands wherever its characters follow each other. A run of katakana is a word.
_UNSPACED = (
    "\u3005-\u3007\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e01-\u0e4f\u0e81-\u0edf\u1000-\u109f\u1780-\u17ff"
)
_KATAKANA = "\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9f"
# Greek, Cyrillic, Armenian, Georgian, Cherokee, Coptic: some of their letters look like Latin ones.
_LOOKS_LATIN = re.compile(
    "[\u0370-\u058f\u10a0-\u10ff\u13a0-\u13ff\u1c80-\u1cbf\u1f00-\u1fff\u2c80-\u2d2f\ua640-\ua69f]"
)

_LATIN = rf"[^\W_{_NOT_LATIN}{APOSTROPHES}]"
_OTHER = rf"(?![{_UNSPACED}{_KATAKANA}])(?=[{_NOT_LATIN}])[^\W_]"
_MARKS = rf"[\u0300-\u036f{INVISIBLE}]+"
# `C++` and `C#` keep their signs: without them they are other words.
_SIGNS = rf"(?:\+\+|＋＋|(?<!{_LATIN}{_LATIN})[#＃](?![^\W\d_{_NOT_LATIN}]))"
WORD = "|".join(
    (
        rf"{_LATIN}+(?:{_MARKS}{_LATIN}*)*{_SIGNS}?",
        rf"(?=\w)[{_UNSPACED}](?:{_MARKS})?",
        rf"(?:(?=\w)[{_KATAKANA}](?:{_MARKS})?)+",
        rf"(?:{_OTHER})+(?:{_MARKS}(?:{_OTHER})*)*",
    )
)
_IS_LATIN = re.compile(_LATIN)


def is_latin(letter: str) -> bool:
    return _IS_LATIN.match(letter) is not None


def may_be_one_word(left: str, right: str) -> bool:
    """Whether two neighbouring letters may belong to one word: of one kind of script, or of two that look alike."""
    if not (left.isalpha() and right.isalpha()):
        return False
    if is_latin(left) is is_latin(right):
        return True
    return _LOOKS_LATIN.match(right if is_latin(left) else left) is not None

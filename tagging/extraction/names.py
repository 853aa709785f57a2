"""Where a name ends: which signs behind it belong to it, and which are only punctuation.

`F*` is another name than `F`, and `Redis!` is Redis at the end of a sentence. A sign belongs to a name

- always, if it is `+`, `++` or `#`: C++, C#, kdb+;
- if it is `*` or `--`, behind a single letter (F*, C--) and behind a word that the lexicon does not know (HACL*):
  behind one that it knows it is a footnote, an emphasis or a dash;
- if it is `!`, in the few names of LOUD alone: it ends a sentence far more often;
- and of an answer only if the entry has it there, too.

All else around a name is punctuation: `"Redis"`, `(Redis)`, `Redis:`, `**Redis**`.
"""

from __future__ import annotations

import re
import unicodedata

from tagging.extraction import lexicon

MAX_NAME = 100
# Each is another name than the same word without its sign.
LOUD = {"go!": "Go!"}
# How a sign is spoken, in a slug.
SPOKEN = {"*": "-star", "--": "-minus-minus", "!": "-bang"}

_SIGN = re.compile(r"(?:(?<![^\W_])[^\W\d_]|[^\W_]{2})(\*|--|!)$")
_QUOTES = "`\"'„“”‚‘’«»‹›"
_OPENING = "#@*" + _QUOTES
_CLOSING = "*,;:.!?…-–— " + _QUOTES


def sign_of(name: str) -> str:
    """Return the sign at its end without which this would be another name, if there is one; not `+` and `#`."""
    if name[-1:] not in "*-!" or not (found := _SIGN.search(name)):
        return ""
    sign = found[1]
    if sign == "!":
        return sign if name.lower() in LOUD else ""
    is_letter = len(found[0]) == 1 + len(sign)
    return sign if is_letter or not lexicon.known(name.removesuffix(sign)) else ""


def trim(text: str, entry: str | None = None) -> str:
    """Return a name without the punctuation around it; a sign that belongs to it stays, if the entry has it too."""
    while text[:1] == "*" == text[-1:] and len(text) > 1:
        text = text[1:-1]
    text = text.lstrip(_OPENING)
    while text:
        if sign_of(text) and (entry is None or _stands_in(entry, text)):
            break
        if text[0] == "(" and (text[-1] == ")" or ")" not in text):
            text = text[1:].removesuffix(")").lstrip(_OPENING)
        elif text[-1] in _CLOSING or (text[-1] == ")" and "(" not in text):
            text = text[:-1]
        else:
            break
    return text


def canonical(name: str) -> str:
    """Return the lexicon's name for a trimmed one, but for one that its sign makes another name."""
    if sign_of(name) and lexicon.canonical(name)[-1:] != name[-1:]:
        return LOUD.get(name.lower(), name)
    return lexicon.canonical(name)


def _stands_in(entry: str, name: str) -> bool:
    """Whether the entry has this name with its sign, and not as the end of a longer word or of an emphasis."""
    entry, name = entry.lower(), name.lower()
    at = entry.find(name)
    while at >= 0:
        before, behind = entry[at - 1 : at] if at else "", entry[at + len(name) : at + len(name) + 1]
        if not (before.isalnum() or before == "*" or behind.isalnum() or behind in ("*", "-")):
            return True
        at = entry.find(name, at + 1)
    return False


def clean(text: object, longest: int) -> str:
    """Return the text in NFC on one line, without control characters and marks of direction; empty if unusable."""
    if not isinstance(text, str) or len(text) > 4 * longest:
        return ""
    visible = "".join(" " if char.isspace() else char for char in text if char.isspace() or char.isprintable())
    cleaned = " ".join(unicodedata.normalize("NFC", visible).split())
    return cleaned if len(cleaned) <= longest else ""

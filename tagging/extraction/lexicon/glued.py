"""Names with letters glued to them: an ending (Djangolla), a second word (Djangoprojekt), a version (Python3).

An extractor has given these names. So what is glued need not prove a technology, only that the word is no other one:
the longest name that it begins with decides (JavaScript is no Java), and the less a name looks like one, the more must
be behind it. What may be glued to a name is written in data/glued.parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tagging.extraction.lexicon import FOLDER, Spelling, load
from tagging.extraction.lexicon.scripts import is_latin
from tagging.extraction.lexicon.tokens import composed, fold
from tagging.extraction.lexicon.typos import well_known
from tagging.extraction.load_once import load_once
from tagging.extraction.sections import read_sections

_MAX_WORD = 60
_MIN_NAME = 2
_VERSION = re.compile(r"\d{1,4}$")
_LENGTHENED = {"á": "a", "é": "e", "ó": "o"}
_MIN_OPEN = 5  # letters of a word that may itself go on: Kubernetesclusterverwaltung
_PLURALS = ("", "s", "es", "e", "en", "n", "er", "ern")


@load_once
def parts() -> dict[str, frozenset[str]]:
    return read_sections(FOLDER / "glued.parts")


def name_in(word: str, names: Mapping[str, Spelling | None]) -> str | None:
    """Return which of these names, each with what the lexicon knows of it, this word begins with; all are folded."""
    written = composed(word)
    key = written.casefold()
    if not _MIN_NAME < len(key) <= _MAX_WORD:
        return None
    if len(key) != len(written):
        written = key  # its letter case tells nothing
    if key[-1].isdecimal():
        bare = _VERSION.sub("", key)
        return bare if len(bare) >= _MIN_NAME and names.get(bare) else None
    if itself := load().find(key, written):
        first = fold(itself.written.partition(" ")[0])  # RedisCluster is Redis too, as Redis Cluster would be
        return first if first != key and first in names and key.startswith(first) else None
    for end in range(len(key) - 1, _MIN_NAME - 1, -1):
        cut = _Cut(written[:end], written[end:], key[:end], key[end:])
        if cut.name not in names and end > _MIN_NAME and load().find(cut.name, cut.written):
            return None  # the longest name decides
        if name := _name_of(cut, names):
            return name
    return None


class _Cut(NamedTuple):
    """A word cut in two: both halves as they are written, and folded."""

    written: str
    rest_written: str
    name: str
    rest: str


def _name_of(cut: _Cut, names: Mapping[str, Spelling | None]) -> str | None:
    if cut.name in names and _may_be_followed(names[cut.name], cut):
        return cut.name
    return next((name for name in _changed(cut) if names.get(name) and cut.written[0].isupper()), None)


def _may_be_followed(known: Spelling | None, cut: _Cut) -> bool:
    """Whether this may be glued to a name: the less it looks like one, the more must be behind it."""
    name, rest = cut.name, cut.rest
    if not is_latin(name):
        return _is_ending(name, rest) and not cut.written.islower()
    if len(name) <= _MIN_NAME:
        return False
    is_certain = known is not None and not known.everyday
    if _begins_anew(cut):
        return is_certain or (known is not None and _is_word(rest))
    if not cut.rest_written.islower():
        return False
    capital = not cut.written.islower()
    if not is_certain:
        long_ending = _is_ending(name, rest) and len(rest) > 2 and len(name) > 3
        return capital and (long_ending or (known is not None and _is_word(rest)))
    if _is_ending(name, rest):
        is_long = len(rest) > (2 if len(name) > 3 else 3) and (capital or len(name) > 4)
        return is_long or name in well_known() or cut.written.isupper()
    if name in well_known() and len(name) > 5 and len(rest) > 3 and capital:
        return True  # nothing else begins like this
    return (capital or len(name) > 4) and _is_word(rest)


def _begins_anew(cut: _Cut) -> bool:
    """Whether the second half has a capital that the first one did not lead to: DjangoProjekt, SQLServer."""
    return cut.rest_written[0].isupper() and (cut.written[-1].islower() or cut.rest_written[1:2].islower())


def _changed(cut: _Cut) -> Iterator[str]:
    """Yield the names that change before this ending: Djangóval, Rediksellä, Djangiem, Kafky."""
    if cut.name[-1] in _LENGTHENED and _is_ending(cut.name, cut.rest):
        yield cut.name[:-1] + _LENGTHENED[cut.name[-1]]
    if cut.name.endswith("kse") and _is_ending(cut.name, cut.rest):
        yield cut.name[:-3] + "s"
    if cut.rest in parts()["vowels"]:
        yield from {cut.name + "o", cut.name + "a"} & (well_known() | parts()["familiar"])


def _is_ending(name: str, rest: str) -> bool:
    doubled = rest[0] == name[-1] and rest[1:] in ("al", "el")  # Dockerrel, Pythonnal
    return (doubled or rest in parts()["endings"]) and not name.endswith("js")  # nextjson is no Next.js


def _is_word(rest: str) -> bool:
    """Whether it begins with a word that German puts behind a name, with the `s` of a genitive or without."""
    for begins in (rest, rest.removeprefix("s")):
        for end in range(len(begins), 2, -1):
            if begins[:end] in parts()["words"]:
                return end >= _MIN_OPEN or begins[end:] in _PLURALS
    return False

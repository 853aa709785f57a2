"""Names with another sense: whether the words of its sentence show that a name is no technology there."""

from __future__ import annotations

import re
from pathlib import Path

from tagging.extraction.embedded.surroundings import Found
from tagging.extraction.lexicon.tokens import Text
from tagging.extraction.load_once import load_once
from tagging.extraction.sections import read_sections

_NUMBERED = re.compile(r"[A-Z]\d")


@load_once
def senses() -> dict[str, frozenset[str]]:
    """Return by name the words that show another sense of it."""
    sections = read_sections(Path(__file__).with_name("senses.cues"))
    return {name.strip(): words for names, words in sections.items() for name in names.split(",")}


def _is_label(text: Text, found: Found) -> bool:
    """Whether a line begins with the name and a colon: `Ruby: fixed the build`."""
    following = text.token(found.last + 1)
    begins = text.opens[found.first] or "\n" in text.tokens[found.first].gap
    return begins and following is not None and following.gap.startswith(":")


def _is_numbered(text: Text, found: Found) -> bool:
    """Whether a letter with a digit is one of several things beside it: `the S1 and S2/S3 coils`."""
    token = text.tokens[found.first]
    if found.last > found.first or not _NUMBERED.fullmatch(token.text):
        return False
    beside = text.tokens[max(0, found.first - 4) : found.first] + text.tokens[found.last + 1 : found.last + 5]
    return any(
        _NUMBERED.fullmatch(one.text) and one.text[0] == token.text[0] and one.key != token.key for one in beside
    )


def in_this_sense(text: Text, certain: list[Found], doubtful: list[Found]) -> tuple[list[Found], list[Found]]:
    """Leave out the names that have another sense in their sentence, unless a technology stands right beside them.

    Who is a person in one sentence is one in all of the entry.
    """
    words: dict[int, set[str]] = {}
    near = {at for found in certain if found.name not in senses() for at in (found.first - 1, found.last + 1)}
    # Where lines begin with technologies that people are not called, the others are no speakers either.
    speak = not any(":" not in senses().get(found.name, "") and _is_label(text, found) for found in certain)

    def is_meant(found: Found) -> bool:
        if _is_numbered(text, found):
            return False
        showing = senses().get(found.name)
        if not showing or found.first in near or found.last in near:
            return True
        if speak and ":" in showing and _is_label(text, found):
            return False
        if not words:
            for token, sentence in zip(text.tokens, text.sentence, strict=True):
                words.setdefault(sentence, set()).add(token.key)
        others = words[text.sentence[found.first]] - {token.key for token in text.tokens[found.first : found.last + 1]}
        return showing.isdisjoint(others)

    others = {found.name for found in (*certain, *doubtful) if not is_meant(found)}
    certain, doubtful = ([found for found in names if found.name not in others] for names in (certain, doubtful))
    return certain, doubtful

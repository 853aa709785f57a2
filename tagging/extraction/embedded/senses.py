"""Names with another sense: whether the words of its sentence show that a name is no technology there."""

from __future__ import annotations

from pathlib import Path

from tagging.extraction.embedded.surroundings import Found
from tagging.extraction.lexicon.tokens import Text
from tagging.extraction.load_once import load_once
from tagging.extraction.sections import read_sections


@load_once
def senses() -> dict[str, frozenset[str]]:
    """Return by name the words that show another sense of it."""
    sections = read_sections(Path(__file__).with_name("senses.cues"))
    return {name.strip(): words for names, words in sections.items() for name in names.split(",")}


def in_this_sense(text: Text, certain: list[Found], doubtful: list[Found]) -> tuple[list[Found], list[Found]]:
    """Leave out the names that have another sense in their sentence, unless a technology stands right beside them."""
    words: dict[int, set[str]] = {}
    near = {at for found in certain if found.name not in senses() for at in (found.first - 1, found.last + 1)}

    def is_meant(found: Found) -> bool:
        showing = senses().get(found.name)
        if not showing or found.first in near or found.last in near:
            return True
        if not words:
            for token, sentence in zip(text.tokens, text.sentence, strict=True):
                words.setdefault(sentence, set()).add(token.key)
        others = words[text.sentence[found.first]] - {token.key for token in text.tokens[found.first : found.last + 1]}
        return showing.isdisjoint(others)

    return [found for found in certain if is_meant(found)], [found for found in doubtful if is_meant(found)]

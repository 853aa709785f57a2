"""The field of a doubtful name: words of its sentence that speak for it, or without which it is none.

`Vulkan` beside `shader` is the library, and `Pub/Sub` is Google's only where the entry tells of Google. Which words
speak for which names is written in fields.cues.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from tagging.extraction.embedded.surroundings import Found
from tagging.extraction.lexicon.tokens import Text
from tagging.extraction.load_once import load_once
from tagging.extraction.sections import read_sections

_NEEDED = "!"  # behind a name that counts only where a word of its field stands in the entry


@load_once
def _fields() -> dict[str, frozenset[str]]:
    sections = read_sections(Path(__file__).with_name("fields.cues"))
    return {name.strip(): words for names, words in sections.items() for name in names.split(",")}


class Fields:
    """The words of an entry, by sentence; collected only when a name asks."""

    def __init__(self, text: Text) -> None:
        self._text = text

    def speak_for(self, found: Found) -> bool:
        """Whether a word of this name's field stands in its sentence."""
        words = _fields().get(found.name) or _fields().get(found.name + _NEEDED)
        if not words:
            return False
        return not words.isdisjoint(self._by_sentence[self._text.sentence[found.first]])

    def may_be(self, found: Found) -> bool:
        """Whether this may be the technology: a word that it needs stands in the entry, if it needs one."""
        needed = _fields().get(found.name + _NEEDED)
        return not needed or any(not needed.isdisjoint(words) for words in self._by_sentence.values())

    @cached_property
    def _by_sentence(self) -> dict[int, set[str]]:
        words: dict[int, set[str]] = {}
        for token, sentence in zip(self._text.tokens, self._text.sentence, strict=True):
            words.setdefault(sentence, set()).add(token.key)
        return words

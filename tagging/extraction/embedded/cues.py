"""What the words around a name tell about it, as context.cues has it."""

from __future__ import annotations

from pathlib import Path

from tagging.extraction.load_once import load_once


@load_once
def cues() -> dict[str, frozenset[str]]:
    """Return by section the words that tell something about a name near them."""
    sections: dict[str, set[str]] = {}
    words: set[str] = set()
    for line in Path(__file__).with_name("context.cues").read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            words = sections.setdefault(line[1:-1], set())
        else:
            words.update(line.split())
    return {section: frozenset(words) for section, words in sections.items()}

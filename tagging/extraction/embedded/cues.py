"""What the words around a name tell about it, as context.cues has it."""

from __future__ import annotations

from pathlib import Path

from tagging.extraction.load_once import load_once
from tagging.extraction.sections import read_sections


@load_once
def cues() -> dict[str, frozenset[str]]:
    """Return by section the words that tell something about a name near them."""
    return read_sections(Path(__file__).with_name("context.cues"))

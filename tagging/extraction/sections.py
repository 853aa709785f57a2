"""Lists of words in a file: `[section]`, then folded words between white space; `#` starts a comment."""

from __future__ import annotations

from pathlib import Path


def read_sections(path: Path) -> dict[str, frozenset[str]]:
    sections: dict[str, set[str]] = {}
    words: set[str] = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            words = sections.setdefault(line[1:-1], set())
        else:
            words.update(line.split())
    return {section: frozenset(words) for section, words in sections.items()}

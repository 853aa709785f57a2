"""Sentences made of parts: what `{feature}`, `{2..9}` and `{soon|later}` stand for is drawn anew for each entry.

A file has sections of lines, each an alternative. A line that begins with `20-60| ` is of that part of the year alone,
in per cent: so a stack shifts. `{^feature}` begins with a capital; a name means the same all through an entry.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "texts"
SECTION = re.compile(r"\[(\w+)\]")
WINDOW = re.compile(r"(\d+)-(\d+)\| ?")
PART = re.compile(r"\{([^{}]*)\}")
NUMBERS = re.compile(r"(\d+)\.\.(\d+)")
# Ends an entry that nothing may be added to.
END = "end"


class Line(NamedTuple):
    """One alternative, and in which part of the year it is one."""

    since: int
    until: int
    text: str


class Texts:
    """The sections of several files; those of a later file take the place of an earlier one's."""

    def __init__(self, *names: str) -> None:
        self.sections: dict[str, list[Line]] = {}
        for name in names:
            self.sections |= parsed((FOLDER / f"{name}.txt").read_text(encoding="utf-8"))

    def lines(self, section: str, percent: int) -> list[str]:
        """Return the alternatives at this part of the year."""
        return [line.text for line in self.sections[section] if line.since <= percent <= line.until]


def parsed(text: str) -> dict[str, list[Line]]:
    sections: dict[str, list[Line]] = {}
    lines: list[Line] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if heading := SECTION.fullmatch(line):
            lines = sections.setdefault(heading[1], [])
        elif not line.startswith("#"):
            window = WINDOW.match(line)
            since, until = (int(window[1]), int(window[2])) if window else (0, 100)
            lines.append(Line(since, until, line[window.end() :] if window else line))
    return sections


class Draft:
    """One entry while it is made."""

    def __init__(self, texts: Texts, dice: random.Random, percent: int) -> None:
        self.texts = texts
        self.dice = dice
        self.percent = percent
        self.is_complete = False
        self._meant: dict[str, str] = {}

    def written(self, line: str) -> str:
        """Return a line with all its parts drawn, the innermost first."""
        while part := PART.search(line):
            line = line[: part.start()] + self._drawn(part[1]) + line[part.end() :]
        return line

    def one_of(self, section: str) -> str:
        return self.written(self.dice.choice(self.texts.lines(section, self.percent)))

    def _drawn(self, part: str) -> str:
        if part == END:
            self.is_complete = True
            return ""
        if "|" in part:
            return self.dice.choice(part.split("|"))
        if numbers := NUMBERS.fullmatch(part):
            return str(self.dice.randint(int(numbers[1]), int(numbers[2])))
        name = part.removeprefix("^")
        if name not in self._meant:
            self._meant[name] = self.one_of(name)
        meant = self._meant[name]
        return meant[:1].upper() + meant[1:] if part.startswith("^") else meant

"""Secrets in columns and lists: tables with a password's column, Kubernetes' Secrets, lines of .pgpass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.names import CORE, Strength, strength_of
from tagging.extraction.redaction.spans import Span
from tagging.extraction.redaction.values import (
    Value,
    is_about_technology,
    is_harmless,
    looks_secret,
    mentions_technology,
)

# What parts the cells of a line; the first that its header holds.
PARTINGS = [re.compile(parting) for parting in (r"\|", r"\t", r";", r",", r"[ ]{2,}")]
RULE = re.compile(r"[\s|:+=-]+")
LINE = re.compile(r"[^\n]+")
MAX_HEADER, MAX_CELL, MAX_WORDS = 300, 60, 4

SECRET_DATA = re.compile(r"^([ \t]*)(?:data|stringData|binaryData):[ \t]*\n", re.MULTILINE)
ENTRY = re.compile(
    r"([ \t]*)[\w.\-\"']{1,100}:[ \t]{1,4}[\"']?([^\s\"'|>][^\n\"']{0,4000})?[\"']?[^\n]{0,100}(?:\n|\Z)"
)
PGPASS = re.compile(
    r"(?<![^\s>\"'])(?:\*|[\w.-]{1,100}):(?:\d{2,5}|\*):(?!\d+:)(?:\*|[\w-]{1,60}):(?:\*|[\w.-]{1,60}):([^\s\"']{1,200})"
)
# INSERT INTO users (name, password) VALUES ('anna', 'x')
INSERTED = re.compile(r"\(([^()]{1,300})\)\s{0,10}VALUES\s{0,10}\(([^()]{1,500})\)", re.IGNORECASE)


class Cell(NamedTuple):
    start: int
    text: str


def find_tables(folded: Folded) -> Iterator[Span]:
    """Look below a header that names a secret, as long as the lines have as many cells."""
    if ("\n" not in folded.text and "|" not in folded.text) or not CORE.search(folded.lowered):
        return
    columns: dict[int, Strength] = {}
    parting, width = PARTINGS[0], 0
    lines = list(LINE.finditer(folded.text))
    for number, line in enumerate(lines):
        if columns:
            cells = _cells(line, parting)
            if len(cells) == width:
                yield from (span for at, strength in columns.items() if (span := _secret(cells[at], strength)))
                continue
            if RULE.fullmatch(line[0][:MAX_HEADER]):
                continue
            columns = {}
        if found := _header(line):
            parting, columns, width = found
            has_rule = number + 1 < len(lines) and RULE.fullmatch(lines[number + 1][0][:MAX_HEADER])
            if parting is PARTINGS[0] and not has_rule:
                yield from _beside(line, columns)


def _cells(line: re.Match[str], parting: re.Pattern[str]) -> list[Cell]:
    cells, start = [], 0
    for gap in parting.finditer(line[0]):
        cells.append(Cell(line.start() + start, line[0][start : gap.start()]))
        start = gap.end()
    return [*cells, Cell(line.start() + start, line[0][start:])]


def _header(line: re.Match[str]) -> tuple[re.Pattern[str], dict[int, Strength], int] | None:
    """Return how this line is parted, which of its columns hold secrets, and how many cells it has."""
    if len(line[0]) > MAX_HEADER or not CORE.search(line[0].lower()):
        return None
    for parting in PARTINGS:
        cells = _cells(line, parting)
        if len(cells) > 1:
            if not all(len(cell.text) <= MAX_CELL and len(cell.text.split()) <= MAX_WORDS for cell in cells):
                continue
            columns = {at: strength for at, cell in enumerate(cells) if (strength := _column(cell.text))}
            if columns:
                return parting, columns, len(cells)
    return None


def _column(title: str) -> Strength | None:
    words = re.findall(r"[\w.-]+", re.sub(r"\([^)]*\)", "", title))
    strength = strength_of("_".join(words))
    return strength if strength and strength > Strength.WEAK else None


def _beside(line: re.Match[str], columns: dict[int, Strength]) -> Iterator[Span]:
    """Look in the cell beside a name, as a table without a header has it: `| Password | x |`."""
    cells = _cells(line, PARTINGS[0])
    for at, strength in columns.items():
        if at + 1 < len(cells) and at + 1 not in columns and (span := _secret(cells[at + 1], strength)):
            yield span


def _secret(cell: Cell, strength: Strength) -> Span | None:
    bare = cell.text.strip(" \t\"'`*")
    start = cell.start + cell.text.find(bare)
    if not bare or is_harmless(Value(start, start + len(bare), bare, False)) or is_about_technology(bare):
        return None
    if mentions_technology(bare) or (strength < Strength.STRONG and not looks_secret(bare)):
        return None
    return Span(start, start + len(bare), "password" if strength == Strength.STRONG else "secret")


def find_inserted(folded: Folded) -> Iterator[Span]:
    if "values" in folded.lowered:
        for insert in INSERTED.finditer(folded.text):
            values = insert[2].split(",")
            start = insert.start(2)
            for title, value in zip(insert[1].split(","), values, strict=False):
                strength = _column(title)
                if strength and (span := _secret(Cell(start, value), strength)):
                    yield span
                start += len(value) + 1


def find_listed(folded: Folded) -> Iterator[Span]:
    text = folded.text
    if "kind: Secret" in text:
        end = 0
        for data in SECRET_DATA.finditer(text):
            end = max(end, data.end())
            while (entry := ENTRY.match(text, end)) and len(entry[1]) > len(data[1]):
                end = entry.end()
                if entry[2] and not is_about_technology(entry[2]):
                    yield Span(*entry.span(2), "secret")
    if ":" in text:
        for match in PGPASS.finditer(text):
            yield Span(*match.span(1), "password")

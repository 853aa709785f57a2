"""Read what is written line by line: NDJSON and CSV, as an export gives them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol

from rest_framework.exceptions import ParseError

from devlog_project.api.parsers import content_of
from devlogs.exports import COLUMNS, unescaped
from devlogs.imports.found import Found, UnreadableError

# What is no text; in a cell it is written as JSON.
AS_JSON = ("private", "tags", "person_tags", "removed_tags")
NOT_UTF8 = "This is not UTF-8."


class Lines(Protocol):
    """What csv.reader returns; the type itself has no name before Python 3.13."""

    line_num: int

    def __next__(self) -> list[str]: ...


def read(file: BinaryIO) -> Iterator[Found]:
    """Yield what a file holds, from its beginning; its first character says which of the two it is."""
    file.seek(0)
    begin = file.read(1_000).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    if begin.startswith(b"["):
        raise UnreadableError("This is one JSON list. Write NDJSON: each dev-log as an object in a line.")
    return ndjson(file) if begin.startswith(b"{") else table(file)


def ndjson(file: BinaryIO) -> Iterator[Found]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        place, wrong = f"line {number}", ""
        values: object = {}
        try:
            line.decode("utf-8-sig")
            values = content_of(line)
        except UnicodeDecodeError:
            wrong = NOT_UTF8
        except ParseError as error:
            wrong = str(error.detail)
        if isinstance(values, dict):
            yield Found(place, values, wrong)
        else:
            yield Found(place, {}, "This is no JSON object.")


def table(file: BinaryIO) -> Iterator[Found]:
    first = file.readline()
    file.seek(0)
    # A spreadsheet of a country that writes 0,5 separates by semicolons.
    delimiter = ";" if b";" in first and b"," not in first else ","
    # What is no UTF-8 becomes surrogates, and is told with its line.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        rows = csv.reader(text, delimiter=delimiter)
        names = [name.strip() for name in next(rows, [])]
        refuse_names(names)
        yield from cells(rows, names)
    except csv.Error as error:
        raise UnreadableError(f"The line of names cannot be read: {error}") from error
    finally:
        text.detach()


def cells(rows: Lines, names: Sequence[str]) -> Iterator[Found]:
    while True:
        place = f"line {rows.line_num + 1}"
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Found(place, {}, f"This is no CSV: {error}.")
            continue
        if len(row) == len(names):
            values = {name: value_of(name, cell) for name, cell in zip(names, row, strict=True)}
            yield Found(place, {name: value for name, value in values.items() if value != "" or name == "entry"})
        elif row:  # no blank line
            yield Found(place, {}, f"It has {len(row)} cells; the first line names {len(names)}.")


def value_of(name: str, cell: str) -> object:
    text = unescaped(cell)
    if name in AS_JSON:
        try:
            return json.loads(text.lower() if name == "private" else text)
        except (ValueError, RecursionError):
            pass  # told by the field
    return text


def refuse_names(names: Sequence[str]) -> None:
    """Raise UnreadableError unless these can be the columns of a table of dev-logs."""
    unknown = sorted(set(names) - set(COLUMNS))
    if "entry" not in names or unknown or len(set(names)) < len(names):
        found = f" Unknown: {', '.join(unknown)[:200]!a}." if unknown else ""
        raise UnreadableError(
            f"It is neither NDJSON nor a table of dev-logs. The first line of a table names the columns, each once: "
            f"entry, and any of {', '.join(COLUMNS)}.{found}"
        )

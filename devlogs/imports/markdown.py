"""Read a folder of dated Markdown files: one entry in each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

import yaml

from devlogs.imports.found import Found
from devlogs.models import EXTERNAL_ID_MAX_LENGTH

DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?!\d)")
FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)(?:\A|(?<=\n))---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
# What of the front matter counts; all else is for other programs.
READ = ("author", "created_at", "external_id", "person_tags", "private", "removed_tags")
NO_DATE = "It has no date: neither a name like 2026-11-28.md or 2026-11-28-title.md, nor `date:` in its front matter."


def files(folder: Path) -> list[Path]:
    """Return the Markdown files of a folder and of those in it, sorted; not what is hidden."""
    found = (path.relative_to(folder) for path in folder.rglob("*.md") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.parts))


def read(folder: Path) -> Iterator[Found]:
    for name in files(folder):
        try:
            yield found(name, (folder / name).read_bytes().decode("utf-8-sig"))
        except UnicodeDecodeError:
            yield Found(str(name), {}, "This is not UTF-8.")
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            wrong = " ".join(str(error).split())
            yield Found(str(name), {}, f"Its front matter cannot be read: {wrong}")


def found(name: Path, text: str) -> Found:
    """Return the entry of a file: its text without the front matter, and without blank lines around it."""
    front, entry = parted(text)
    if "date" in front:
        front = {"created_at": front["date"], **front}
    values = {key: front[key] for key in READ if front.get(key) is not None}
    if "created_at" not in values and (dated := DATED.match(name.name)):
        values["created_at"] = date.fromisoformat(dated[1])
    if "created_at" not in values:
        return Found(str(name), {}, NO_DATE)
    at = values["created_at"]
    if isinstance(at, date) and not isinstance(at, datetime):
        values["created_at"] = datetime.combine(at, time.min)
    return Found(str(name), {"external_id": id_of(name), **values, "entry": entry.strip("\r\n")})


def parted(text: str) -> tuple[dict[str, object], str]:
    """Return the front matter, and what follows it."""
    matched = FRONT_MATTER.match(text)
    if not matched:
        return {}, text
    front = yaml.safe_load(matched[1])
    if not isinstance(front, dict):
        if front is None:
            return {}, text[matched.end() :]
        raise ValueError("it is no list of names and values")
    return {str(key): value for key, value in front.items()}, text[matched.end() :]


def id_of(name: Path) -> str:
    """Return what names a file for good: its own name."""
    text = name.as_posix()
    return text if len(text) <= EXTERNAL_ID_MAX_LENGTH else f"file:{hashlib.sha256(text.encode()).hexdigest()}"

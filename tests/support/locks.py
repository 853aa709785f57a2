"""What the requirements files pin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import ROOT

PIN = re.compile(r"^(?P<name>[a-z0-9-]+)(\[[^\]]*\])?==(?P<version>[^\s;]+)(\s*;\s*(?P<marker>.+?))?\s*\\?$")


@dataclass(frozen=True, slots=True)
class Pin:
    name: str
    version: str
    marker: str
    hashes: int
    reasons: int


def files() -> list[Path]:
    return [ROOT / "requirements.txt", *sorted((ROOT / "requirements").glob("*.txt"))]


def entries(file: Path) -> list[str]:
    """Return what a file asks for, each with its hashes and the reasons that stand below it."""
    lines = file.read_text(encoding="utf-8").splitlines()
    begins = [at for at, line in enumerate(lines) if re.match(r"[^\s#]", line)]
    return ["\n".join(lines[at:end]) for at, end in zip(begins, [*begins[1:], len(lines)], strict=True)]


def pins(file: Path) -> list[Pin]:
    """Return the pins of a file; raise ValueError for what is none: an option, an address, a range."""
    return [pin_of(entry) for entry in entries(file)]


def pin_of(entry: str) -> Pin:
    first = entry.split("\n")[0]
    if not (found := PIN.match(first)):
        raise ValueError(f"No name that is pinned by ==: {first}")
    return Pin(
        found["name"],
        found["version"],
        found["marker"] or "",
        len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)),
        len(re.findall(r"^    #", entry, re.MULTILINE)),
    )

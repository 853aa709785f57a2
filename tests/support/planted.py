"""Secrets as people paste and say them, and everyday entries about the same things: tests/extraction/secrets."""

import random
import re
import string
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "extraction" / "secrets"
ALPHABETS = {"x": string.ascii_letters + string.digits, "a": string.ascii_letters, "h": "0123456789abcdef"}
UUID = "c0ffee00-1234-4abc-9def-0123456789ab"
ESCAPES = {"n": "\n", "t": "\t", "\\": "\\"}


def _lines(name: str) -> Iterator[str]:
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("# ", "## ")):
            yield re.sub(r"\\([nt\\])", lambda match: ESCAPES[match[1]], line)


def _fill(match: re.Match[str]) -> str:
    """Make up what a form leaves open; always the same in one place, and no token that a scanner would find here."""
    if match[1] == "u":
        return UUID
    return "".join(random.Random(f"{match[0]}{match.start()}").choices(ALPHABETS[match[1]], k=int(match[2])))


def planted(name: str) -> list[tuple[str, list[str]]]:
    """Return texts, each with what must not leave."""
    forms = [re.sub(r"\{([xahu])(\d*)\}", _fill, line) for line in _lines(name)]
    return [(re.sub("[⟦⟧]", "", form), re.findall("⟦(.*?)⟧", form, re.DOTALL)) for form in forms]


def everyday() -> list[tuple[str, list[str]]]:
    """Return entries, each with the technologies that it names: every sentence with five times other names."""
    lines = list(_lines("everyday"))
    names = next(line for line in lines if line.startswith("= "))[2:].split(", ")
    entries = []
    for number, line in enumerate(lines):
        count = line.count("{}")
        for turn in range(5 if count else 1):
            used = [names[(7 * number + 11 * turn + 3 * place) % len(names)] for place in range(count)]
            marked = re.findall("⟦(.*?)⟧", line)
            if not line.startswith("= "):
                entries.append((re.sub("[⟦⟧]", "", line.replace("{}", "%s") % tuple(used)), used + marked))
    return entries

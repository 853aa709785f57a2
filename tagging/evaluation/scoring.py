"""How good an extractor is: its answers beside those of people who read the same entries.

A gold file has one JSON object a line: `id`, `text` and `tags`, and where there are any `lang`, `optional`,
`misspelled`, `rare`, `invented` and `categories`. An *optional* technology, and the slip in a *misspelled* one, are
neither right nor wrong when an extractor names them.
"""

from __future__ import annotations

import math
import re
import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tagging.extraction import lexicon
from tagging.extraction.base import Extraction, ExtractionError, Extractor
from tagging.extraction.grounding import ground

_VERSION = re.compile(r"\s+v?\d+(?:\.\d+)*(?:\.x)?\+?$")


class GoldError(ValueError):
    """A gold file that cannot be used; says where and why."""


class Gold(BaseModel):
    """One entry with the technologies that people found in it."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    tags: list[str]
    lang: str = "?"
    optional: list[str] = []
    misspelled: dict[str, list[str]] = {}
    rare: list[str] = []
    invented: list[str] = []
    categories: list[str] = []


def read_gold(path: Path) -> list[Gold]:
    """Return the entries of a gold file, or raise GoldError with the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # splitlines() would split within JSON strings too
    except (OSError, UnicodeDecodeError) as error:
        raise GoldError(f"{path} cannot be read: {error}") from error
    entries: dict[str, Gold] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = Gold.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise GoldError(f"{path}, line {number}: {f'{where}: ' if where else ''}{first['msg']}.") from error
        if entry.id in entries:
            raise GoldError(f"{path}, line {number}: the id {entry.id!r} is there twice.")
        entries[entry.id] = entry
    if not entries:
        raise GoldError(f"{path} holds no entries.")
    return list(entries.values())


def bare(name: str) -> str:
    """Return a name without case, punctuation, white space and trailing version; `+` and `#` count."""
    text = unicodedata.normalize("NFKC", name).casefold().strip().lstrip("#@")
    text = _VERSION.sub("", text) or text
    return "".join(character for character in text if character.isalnum() or character in "+#")


def names(name: str) -> set[str]:
    """Return the bare names that count as this one: its own, and the lexicon's for it."""
    return {bare(name), *(bare(lexicon.canonical(spelling)) for spelling in (name, _VERSION.sub("", name)))}


def with_singular(bare_names: set[str]) -> set[str]:
    return bare_names | {name[:-1] for name in bare_names if len(name) > 3 and name.endswith("s")}


@dataclass(frozen=True, slots=True)
class Marked:
    """One answer beside the gold: found and missed tags, and names that are no tag of the entry."""

    found: list[str]
    missed: list[str]
    wrong: list[str]


def mark(gold: Gold, answer: Iterable[str]) -> Marked:
    """Compare an answer with the gold; a technology named twice, or under two names, counts once."""
    wanted = {bare(tag): tag for tag in gold.tags}
    tag_of = {other: own for own, tag in wanted.items() for other in names(tag)} | {own: own for own in wanted}
    free = {other for name in gold.optional for other in with_singular(names(name))}
    free |= {bare(slip) for slips in gold.misspelled.values() for slip in slips}
    found: set[str] = set()
    wrong: dict[str, str] = {}
    for name in answer:
        meant = with_singular(names(name))
        if meant & tag_of.keys():
            found |= {tag_of[other] for other in meant & tag_of.keys()}
        elif bare(name) and not meant & free:
            wrong.setdefault(bare(lexicon.canonical(name)), name)
    return Marked(
        [tag for own, tag in wanted.items() if own in found],
        [tag for own, tag in wanted.items() if own not in found],
        list(wrong.values()),
    )


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one entry came to: its marks, the seconds it took, what was paid, and the error if there was no answer."""

    gold: Gold
    marked: Marked
    seconds: float
    input_tokens: int
    output_tokens: int
    error: ExtractionError | None = None
    calls: float = 1.0  # repairs are not counted

    @property
    def is_clean(self) -> bool:
        return not self.marked.wrong and not self.error


def evaluate(extractor: Extractor, gold: Gold) -> Evaluated:
    """Have one entry extracted and grounded as the worker does it; no answer is marked like an empty one."""
    began = time.perf_counter()
    error = None
    used: Extraction | ExtractionError
    try:
        used = extraction = extractor.extract(gold.text)
        answer = [mention.name for mention in ground(extraction.technologies, gold.text).mentions]
    except ExtractionError as raised:
        used = error = raised
        answer = []
    seconds = time.perf_counter() - began
    return Evaluated(gold, mark(gold, answer), seconds, used.input_tokens, used.output_tokens, error)


@dataclass(frozen=True, slots=True)
class Score:
    """Micro figures: all tags of all entries count alike, so one long entry weighs as much as many short ones."""

    found: int
    missed: int
    wrong: int
    entries: int
    clean: int

    @classmethod
    def of(cls, marks: Sequence[Marked]) -> Score:
        return cls(
            sum(len(marked.found) for marked in marks),
            sum(len(marked.missed) for marked in marks),
            sum(len(marked.wrong) for marked in marks),
            len(marks),
            sum(not marked.wrong for marked in marks),
        )

    @property
    def tags(self) -> int:
        return self.found + self.missed

    @property
    def precision(self) -> float:
        """Return found / (found + wrong): how much of what was named is right; 1 if nothing was named."""
        return ratio(self.found, self.found + self.wrong)

    @property
    def recall(self) -> float:
        """Return found / (found + missed): how much of what is there was named; 1 if nothing is there."""
        return ratio(self.found, self.tags)

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall: 2 found / (2 found + wrong + missed)."""
        return ratio(2 * self.found, 2 * self.found + self.wrong + self.missed)


def ratio(part: float, whole: float) -> float:
    """Return part / whole; 1 of nothing is all of it."""
    return part / whole if whole else 1.0


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

"""A year of several developers: who wrote what, and when. The same for the same day, however often it is told."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from devlogs.seeding.texts import Draft, Texts

YEAR = 365
DAY = timedelta(days=1)
SATURDAY = 5
# The day and the month: hardly anybody works then.
HOLIDAYS = {(1, 1), (1, 5), (3, 10), (24, 12), (25, 12), (26, 12), (31, 12)}
# The last days are never empty, be they a weekend: charts by the hour have something to show.
FULL_DAYS = 2
# A line comes again only after so many others of its author.
PAUSE = 9
# So often.
PRIVATE, QUIET, LIST, MORE, YET_MORE = 0.05, 0.07, 0.07, 0.5, 0.15


class Author(NamedTuple):
    """A made-up developer: what they write by, and how much on a working day."""

    name: str
    texts: tuple[str, str]
    per_day: float
    free: tuple[tuple[int, int], ...]  # from which day of the year told, and how many


AUTHORS = [
    Author("ada", ("english", "ada"), 1.45, ((60, 8), (212, 15))),
    Author("jonas", ("german", "jonas"), 0.95, ((95, 6), (240, 19))),
    Author("miriam", ("german", "miriam"), 0.9, ((22, 5), (190, 17))),
    Author("sam", ("english", "sam"), 0.95, ((130, 9), (275, 12))),
    Author("priya", ("english", "priya"), 0.5, ((160, 21),)),
]


class Written(NamedTuple):
    """What one of them wrote."""

    author: str
    at: datetime
    entry: str
    is_private: bool


def year_until(now: datetime) -> list[Written]:
    """Return a year of entries up to this moment, the oldest first."""
    return sorted((one for author in AUTHORS for one in year_of(author, now)), key=lambda one: (one.at, one.author))


def year_of(author: Author, now: datetime) -> Iterator[Written]:
    dice = random.Random(author.name)
    texts = Texts(*author.texts)
    said: set[str] = set()
    latest: deque[str] = deque(maxlen=PAUSE)
    for number in range(YEAR):
        day = now.date() - (YEAR - 1 - number) * DAY
        percent = 100 * number // (YEAR - 1)
        for at in moments(author, number, day, dice):
            is_private = dice.random() < PRIVATE
            entry = new_entry(texts, dice, percent, latest, said, is_private=is_private)
            if at <= now:
                yield Written(author.name, at, entry, is_private)


def moments(author: Author, number: int, day: date, dice: random.Random) -> list[datetime]:
    """Return when an author writes on a day: seldom on one that is free."""
    is_free = (
        day.weekday() >= SATURDAY
        or (day.day, day.month) in HOLIDAYS
        or any(first <= number < first + days for first, days in author.free)
    )
    share = 2.0 if number >= YEAR - FULL_DAYS else 0.06 if is_free else 1.0
    expected = author.per_day * share
    count = int(expected) + (dice.random() < expected % 1)
    if count and dice.random() < 0.3:  # some days one writes more, some nothing
        count += dice.choice([-1, 1])
    begin = datetime.combine(day, time(), UTC)
    hours = sorted(min(max(dice.gauss(dice.choice([9.5, 15.5]), 1.8), 5), 21) for _ in range(count))
    return [begin + timedelta(seconds=round(3600 * hour), microseconds=dice.randrange(1_000_000)) for hour in hours]


def new_entry(
    texts: Texts, dice: random.Random, percent: int, latest: deque[str], said: set[str], *, is_private: bool
) -> str:
    """Return an entry that its author has not written before."""
    while True:
        entry = one_entry(Draft(texts, dice, percent), latest, is_private=is_private)
        if entry not in said:
            said.add(entry)
            return entry


def one_entry(draft: Draft, latest: deque[str], *, is_private: bool) -> str:
    dice = draft.dice
    kind = dice.random()
    if is_private or kind < QUIET:
        return draft.one_of("private" if is_private else "quiet")
    if kind < QUIET + LIST:
        return list_of(draft)
    lines = [line for line in draft.texts.lines("entry", draft.percent) if line not in latest]
    line = dice.choice(lines)
    latest.append(line)
    sentences = [draft.written(line)]
    for chance in (MORE, YET_MORE):
        if dice.random() < chance and not draft.is_complete:
            more = draft.one_of("more")
            if more not in " ".join(sentences):
                sentences.append(more)
    return ("\n\n" if dice.random() < 0.06 else " ").join(sentences)


def list_of(draft: Draft) -> str:
    """Return an entry of a few short lines."""
    lines = draft.texts.lines("item", draft.percent)
    shown = draft.dice.sample(lines, min(draft.dice.randint(2, 4), len(lines)))
    return "\n".join([draft.one_of("list"), *(f"- {draft.written(line)}" for line in shown)])

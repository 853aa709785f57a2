"""What became of the tagging of each entry of the year: most were answered, some late, some never, and some wait."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from typing import NamedTuple

from devlogs.seeding.story import Written
from tagging.extraction.base import ErrorCode
from tagging.models.people import CANCELLED

# In the first months there was no model yet: the embedded extractor answered.
WITHOUT_MODEL = 0.2
# Of a hundred: the tagging of so many failed in the end, and of so many only at first.
FAILED, LATE = 2.0, 6.0
# The newest wait: some that nobody has asked for yet, some after failures, for this many of the longest backoffs:
# until two of them no worker takes it for a mistake of the clock.
FRESH, RETRYING = 3, 4
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 1.8
# Between those that are tried again others are done.
APART = 4


class Fault(NamedTuple):
    """An error in the words that the service has for it; after a permanent one nobody asks again."""

    code: ErrorCode
    detail: str
    is_permanent: bool = False
    is_paid: bool = False


PASSING = [
    Fault(ErrorCode.TIMEOUT, "The model's server did not answer in time."),
    Fault(ErrorCode.SERVER_ERROR, "The model's server failed (HTTP 503)."),
    Fault(ErrorCode.UNREACHABLE, "The model's server could not be reached, or hung up."),
    Fault(ErrorCode.BAD_ANSWER, "The model's answer is not the JSON object it was asked for.", is_paid=True),
]
LASTING = [
    Fault(ErrorCode.REFUSED, "The model declined to answer.", is_permanent=True, is_paid=True),
    Fault(ErrorCode.BAD_ANSWER, "The model's answer is not the JSON object it was asked for.", is_paid=True),
    Fault(ErrorCode.ANSWER_CUT_OFF, "The model's answer was cut off at its token limit.", is_paid=True),
    Fault(ErrorCode.SERVER_ERROR, "The model's server failed (HTTP 500)."),
    Fault(ErrorCode.TIMEOUT, "The model's server did not answer in time."),
    Fault(ErrorCode.BAD_REQUEST, "The request is refused (HTTP 400).", is_permanent=True),
]
CALLED_OFF = Fault(ErrorCode.CANCELLED, CANCELLED, is_permanent=True)


class Try(NamedTuple):
    """One attempt: from when to when, and what went wrong, if anything did."""

    begun: datetime
    ended: datetime
    fault: Fault | None = None


class Fate(NamedTuple):
    """How one tagging went."""

    written: Written
    is_by_model: bool
    tries: Sequence[Try] = ()
    fault: Fault | None = None  # by which it ended
    due_at: datetime | None = None  # when it is asked for again, or for the first time


def fates_of(story: Sequence[Written], now: datetime, most_tries: int, backoff_cap: timedelta) -> list[Fate]:
    """Say what became of each of these entries, the oldest first."""
    dice = random.Random("fates")
    lasting = cycle(LASTING)
    public = [one for one in story if not one.is_private]
    newest = public[-1 : -FRESH - 1 : -1] + public[-FRESH - APART :: -APART][:RETRYING]
    waiting = {id(one): place for place, one in enumerate(newest)}
    fates = []
    for number, one in enumerate(story):
        is_by_model = not one.is_private and number >= WITHOUT_MODEL * len(story)
        if id(one) in waiting:
            fates.append(waits(one, waiting[id(one)], now, backoff_cap, dice))
        elif is_by_model:
            fates.append(asked_of_model(one, most_tries, lasting, dice))
        else:
            fates.append(Fate(one, False, [attempt(one.at, 0.004, 0.02, dice)]))
    return fates


def attempt(at: datetime, fastest: float, slowest: float, dice: random.Random, fault: Fault | None = None) -> Try:
    begun = at + timedelta(seconds=dice.uniform(0.02, 0.4))
    # Most calls are quick, a few are slow.
    return Try(begun, begun + timedelta(seconds=fastest + (slowest - fastest) * dice.random() ** 4), fault)


def waits(one: Written, place: int, now: datetime, backoff_cap: timedelta, dice: random.Random) -> Fate:
    if place < FRESH:
        return Fate(one, True, due_at=now)
    fault = PASSING[place % len(PASSING)]
    tries = failures(one.at, 1 + place % 3, fault, dice)
    tries = [each for each in tries if each.ended < now]
    spread = (place - FRESH) / max(RETRYING - 1, 1)
    return Fate(one, True, tries, fault, now + backoff_cap * (SHORTEST_WAIT + (LONGEST_WAIT - SHORTEST_WAIT) * spread))


def asked_of_model(one: Written, most_tries: int, lasting: Iterator[Fault], dice: random.Random) -> Fate:
    chance = dice.uniform(0, 100)
    if chance < FAILED / 8:
        return Fate(one, True, (), CALLED_OFF)
    if chance < FAILED:
        fault = next(lasting)
        count = 1 if fault.is_permanent else min(2, most_tries) if fault.is_paid else most_tries
        return Fate(one, True, failures(one.at, count, fault, dice), fault)
    before = failures(one.at, dice.randint(1, 2), dice.choice(PASSING), dice) if chance < FAILED + LATE else []
    at = before[-1].ended + timedelta(seconds=dice.uniform(1, 40)) if before else one.at
    return Fate(one, True, [*before, attempt(at, 0.5, 6, dice)])


def failures(at: datetime, count: int, fault: Fault, dice: random.Random) -> list[Try]:
    """Return so many failed attempts, each after a longer wait than the one before."""
    tries: list[Try] = []
    for number in range(count):
        slowest = 60.0 if fault.code == ErrorCode.TIMEOUT else 4.0
        fastest = slowest if fault.code == ErrorCode.TIMEOUT else 0.3
        tries.append(attempt(at, fastest, slowest, dice, fault))
        at = tries[-1].ended + timedelta(seconds=dice.uniform(0.5, 1) * 2 ** (number + 1))
    return tries

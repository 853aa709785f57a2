"""What must hold of a run, whatever was done: figures from the ledger and the database, most with a bound."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from statistics import mean, median
from typing import Any

from tests.load.chaos.clients import Item, technologies_in
from tests.load.chaos.lives import RECOVERY_MAX_SECONDS, at_work_since, launched_since
from tests.load.chaos.run import Kill, Run
from tests.load.chaos.stand_in import edition_of

RECOVERY_P50_SECONDS = 1.0
# A database that is away is part of the plan.
WORKER_FAILED = r"The worker failed and continues \([^)]*\): (?!OperationalError|InterfaceError)"

Query = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Figure:
    """One line of the table; without a bound it is only told."""

    name: str
    value: Any
    bound: str = ""
    holds: bool = True


@dataclass(frozen=True)
class Entry:
    """A dev-log as it is stored, with its job and its tags."""

    devlog: int
    text: str
    state: str | None
    error_code: str | None
    tags: frozenset[str]
    digests: frozenset[str]

    @property
    def is_final(self) -> bool:
        return self.state in ("done", "failed")

    @property
    def has_its_own_tags(self) -> bool:
        """Its tags are those of its text, found in an answer to that very text; without an answer it has none."""
        if self.state != "done":
            return not self.tags
        return self.tags == technologies_in(self.text) and self.digests == {digest_of(self.text)}


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_entries(query: Query) -> Iterable[Entry]:
    """Yield each dev-log as it is stored."""
    names: defaultdict[int, list[str]] = defaultdict(list)
    digests: defaultdict[int, set[str]] = defaultdict(set)
    for devlog, name, digest in query(
        "SELECT x.devlog_id, t.name, a.entry_digest FROM tagging_devlogtag x "
        "JOIN tagging_tag t ON t.id = x.tag_id LEFT JOIN tagging_attempt a ON a.id = x.attempt_id"
    ):
        names[devlog].append(name)
        digests[devlog].add(digest)
    for devlog, text, state, code in query(
        "SELECT d.id, d.entry, j.state, j.error_code "
        "FROM devlogs_devlog d LEFT JOIN tagging_job j ON j.devlog_id = d.id"
    ):
        yield Entry(devlog, text, state, code, frozenset(names[devlog]), frozenset(digests[devlog]))


class Verdict:
    def __init__(self, run: Run) -> None:
        self._run = run
        self._record = run.record
        self._query = run.database.query
        self._entries = list(read_entries(self._query))
        self._lives = run.lives()
        self.figures = list(self._figures())
        self.rows: list[tuple[str, ...]] = []

    @property
    def holds(self) -> bool:
        return all(figure.holds for figure in self.figures)

    @property
    def wrong(self) -> list[str]:
        return [*sorted(self._record.in_two_states)[:10], *self._run.clients.unexpected[:10]]

    @property
    def not_run(self) -> list[str]:
        return self._record.not_run

    def figure(self, name: str) -> Figure:
        return next(figure for figure in self.figures if figure.name == name)

    def _figures(self) -> Iterable[Figure]:
        items = self._run.clients.items
        entries = self._entries
        unsure = [item for item in items if not item.is_accepted]
        yield Figure("entries accepted (201)", len(items) - len(unsure))
        yield Figure("entries possibly accepted", f"{len(unsure)}, {sum(map(self._exists, unsure))} of them stored")
        yield Figure("requests answered 5xx", self._run.clients.server_errors)
        yield zero("requests refused", len(self._run.clients.unexpected))
        yield Figure("done", sum(entry.state == "done" for entry in entries))
        reasons = Counter(entry.error_code for entry in entries if entry.state == "failed")
        yield Figure("failed with reason", told(reasons))
        yield zero("lost", sum(map(self._is_lost, items)))
        yield zero("stored twice", len(entries) - len(self._by_marker))
        yield zero("tags written twice", self._written_twice())
        yield zero("entries with tags of another text", sum(not entry.has_its_own_tags for entry in entries))
        yield zero("jobs in two states", len(self._record.in_two_states))
        yield zero("worker failed, not by the database (log)", self._run.logged(WORKER_FAILED))
        yield from self._call_figures()
        yield from self._recovery_figures()
        yield from self._told_figures()

    def _call_figures(self) -> Iterable[Figure]:
        calls = self._run.model.calls()
        repeated = self._run.model.repeated()
        yield Figure("model calls", calls.total())
        yield Figure("of them faults", told(Counter({name: n for name, n in calls.items() if name != "ok"})))
        yield Figure("in flight at kills", self._record.in_flight)
        bound = f"<= {self._record.in_flight}"
        yield Figure("model calls repeated", repeated, bound, repeated <= self._record.in_flight)

    def _recovery_figures(self) -> Iterable[Figure]:
        """From the kill, or from the launch of the first process that lived to do it where no other did."""
        lost = self._lost_attempts()
        first = [(kill, min(back)) for kill in self._record.kills if (back := list(self._taken_back(kill, lost)))]
        yield Figure("kills that cost jobs, all recovered", len(first))
        if not first:
            return
        waits = [at - launched_since(self._lives, kill.at, at) for kill, (at, _) in first]
        slowest = first[waits.index(max(waits))][0].kind
        yield Figure("first job recovered, p50", seconds(median(waits)), "< 1 s", median(waits) < RECOVERY_P50_SECONDS)
        longest = f"{seconds(max(waits))} (after {slowest})"
        yield Figure("first job recovered, max", longest, "< 3 s", max(waits) < RECOVERY_MAX_SECONDS)
        yield spread(
            "of that, with a worker running", [at - at_work_since(self._lives, kill.at, at) for kill, (at, _) in first]
        )
        calls = [(kill, self._run.model.next_call(self._marker_of[job], since=at)) for kill, (at, job) in first]
        yield spread(
            "that job at the model again", [at - launched_since(self._lives, kill.at, at) for kill, at in calls if at]
        )

    def _told_figures(self) -> Iterable[Figure]:
        yield Figure("kills", told(Counter(kill.kind for kill in self._record.kills)))
        yield Figure("other disturbances", told(Counter(self._record.disturbances)))
        yield Figure("steps", len(self._record.loads))
        # Times mean little where others keep the processors busy.
        yield Figure("load of the machine", f"{mean(self._record.loads):.1f} on {os.cpu_count()} processors")

    # -- what the database says ----------------------------------------------------------------------------------

    @cached_property
    def _by_marker(self) -> dict[str, Entry]:
        return {edition[0]: entry for entry in self._entries if (edition := edition_of(entry.text))}

    @cached_property
    def _marker_of(self) -> dict[int, str]:
        return {entry.devlog: marker for marker, entry in self._by_marker.items()}

    def _exists(self, item: Item) -> bool:
        return item.marker in self._by_marker

    def _is_lost(self, item: Item) -> bool:
        """Promised and not there, or there and not finished, or there with a text older than the one promised."""
        entry = self._by_marker.get(item.marker)
        if entry is None:
            return item.is_accepted
        _, edition = edition_of(entry.text) or ("", -1)
        return not entry.is_final or not item.promised <= edition <= item.sent

    def _written_twice(self) -> int:
        """Count the answers stored for a text that had one, and the rows that say what another says."""
        answered = self._query(
            "SELECT count(*) FROM tagging_attempt WHERE outcome = 'answered' "
            "GROUP BY job_id, entry_digest HAVING count(*) > 1"
        )
        rows = self._query("SELECT count(*) FROM tagging_devlogtag GROUP BY devlog_id, tag_id HAVING count(*) > 1")
        return sum(times - 1 for (times,) in [*answered, *rows])

    def _lost_attempts(self) -> dict[int, list[float]]:
        """Return when each job was taken back from a worker that was gone."""
        lost: defaultdict[int, list[float]] = defaultdict(list)
        at = self._run.database.epoch("finished_at")
        for job, moment in self._query(f"SELECT job_id, {at} FROM tagging_attempt WHERE outcome = 'lost'"):
            lost[job].append(moment)
        return lost

    def _taken_back(self, kill: Kill, lost: dict[int, list[float]]) -> Iterable[tuple[float, int]]:
        """Yield when each job it cost was taken back; those that were just settled never are."""
        for job in kill.jobs:
            if moments := [moment for moment in lost.get(job, ()) if moment >= kill.at]:
                yield min(moments), job


def zero(name: str, value: int) -> Figure:
    return Figure(name, value, "0", value == 0)


def spread(name: str, values: list[float]) -> Figure:
    return Figure(name, f"p50 {seconds(median(values))}, max {seconds(max(values))}" if values else "none")


def seconds(value: float) -> str:
    return f"{value:.2f} s"


def told(counts: Counter[Any]) -> str:
    """Return the sum and its parts in words."""
    parts = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
    return f"{counts.total()} ({parts})" if parts else "0"

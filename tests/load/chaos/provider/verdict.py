"""What must hold of a run, however the provider failed: figures, most with a bound, and a row for each kind."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean

from tests.load.chaos.clients import Item
from tests.load.chaos.provider.faults import REFUSED
from tests.load.chaos.provider.model import Call
from tests.load.chaos.provider.run import Phase, ProviderRun
from tests.load.chaos.stand_in import edition_of
from tests.load.chaos.verdict import Entry, Figure, read_entries, seconds, told, zero

# How soon an entry has its tags that was posted to a sound provider, where half of all entries are bad ones: some of
# these hang, and after each that fails fewer calls are made at once.
SOON_P99_SECONDS, SOON_MAX_SECONDS = 10.0, 15.0
# How many paid calls are too many for one text, whatever the model makes of it: four spend its attempts, and in each
# of the thirty phases it may be excused once more, as nobody knew then whose fault it was.
PAID_CALLS = 20
COLUMNS = ("phase", "posted", "done", "failed", "open", "calls", "canary", "longest wait after")


@dataclass(frozen=True)
class Post:
    """An entry as its writer knows it, and as it is stored in the end."""

    item: Item
    entry: Entry | None
    finished_at: float

    @property
    def is_lost(self) -> bool:
        """Promised and not there, or there with a text older than the one promised."""
        if not self.entry:
            return self.item.is_accepted
        _, edition = edition_of(self.entry.text) or ("", -1)
        return not self.item.promised <= edition <= self.item.sent

    @property
    def state(self) -> str:
        return (self.entry and self.entry.state) or "without a job"

    @property
    def outcome(self) -> str:
        return self.state if self.state in ("done", "failed") else "open"

    @property
    def code(self) -> str:
        return (self.entry and self.entry.error_code) or "no code"

    def wait(self, since: float) -> float:
        """Return how long after that moment it had its tags; without an end if it has none."""
        return max(0.0, self.finished_at - since) if self.state == "done" else math.inf


class ProviderVerdict:
    def __init__(self, run: ProviderRun) -> None:
        self._run = run
        self.not_run = [*run.not_run, *self._unasked()]
        self._entries = list(read_entries(run.database.query))
        self._posts = list(self._read_posts())
        self._plain = [post for post in self._posts if not post.item.mark]
        self._marked = [post for post in self._posts if post.item.mark]
        self.figures = list(self._figures())
        self.rows = list(self._rows())

    @property
    def holds(self) -> bool:
        return all(figure.holds for figure in self.figures)

    def figure(self, name: str) -> Figure:
        return next(figure for figure in self.figures if figure.name == name)

    @property
    def wrong(self) -> list[str]:
        failed = [post for post in self._plain if post.state == "failed"]
        return [
            *(f"dev-log {post.item.devlog} failed, {post.code}; posted: {self._when(post)}" for post in failed[:10]),
            *(f"dev-log {post.item.devlog} is lost" for post in self._posts if post.is_lost),
            *(f"nothing was answered in time after: {phase.step.name}" for phase in self._unnoticed()),
            *(what for writers in self._run.writers for what in writers.unexpected[:10]),
        ]

    # -- figures -------------------------------------------------------------------------------------------------

    def _figures(self) -> Iterable[Figure]:
        writers = self._run.writers
        yield Figure("entries accepted (201)", sum(post.item.is_accepted for post in self._posts))
        yield Figure("entries possibly accepted", sum(not post.item.is_accepted for post in self._posts))
        yield Figure("requests answered 5xx", sum(each.server_errors for each in writers))
        yield zero("requests refused", sum(len(each.unexpected) for each in writers))
        yield zero("lost", sum(post.is_lost for post in self._posts))
        failed = Counter(post.code for post in self._plain if post.state == "failed")
        yield Figure("failed, though a sound provider would have answered", told(failed), "0", not failed)
        waiting = sum(post.entry is not None and post.outcome == "open" for post in self._plain)
        yield zero("still waiting for a sound provider's answer", waiting)
        yield zero("entries with tags of another text", sum(not entry.has_its_own_tags for entry in self._entries))
        yield zero("phases after which nothing was answered in time", len(list(self._unnoticed())))
        yield from self._marked_figures()
        yield from self._sound_figures()
        yield from self._call_figures()
        yield Figure("kills", told(Counter(self._run.kills)))

    def _marked_figures(self) -> Iterable[Figure]:
        outcomes = Counter((post.outcome, post.item.mark) for post in self._marked if post.entry)
        for outcome in ("failed", "open"):
            marks = Counter({mark: number for (what, mark), number in outcomes.items() if what == outcome})
            yield Figure(f"never to be answered: {outcome}", told(marks))
        done = Counter({mark: number for (what, mark), number in outcomes.items() if what == "done"})
        yield Figure("never to be answered: done", told(done), "0", not done)

    def _sound_figures(self) -> Iterable[Figure]:
        """Of the entries posted to a sound provider, while others that are never answered wait or are asked about."""
        waits = sorted(self._sound_waits())
        yield Figure("posted while the provider was sound", len(waits))
        if not waits:
            yield Figure("of these, tags after", "none", "some posted", False)
            return
        p99 = waits[min(len(waits) - 1, int(0.99 * len(waits)))]
        name = "of these, tags after,"
        yield Figure(f"{name} p99", waited(p99), f"< {SOON_P99_SECONDS:g} s", p99 < SOON_P99_SECONDS)
        yield Figure(f"{name} max", waited(waits[-1]), f"< {SOON_MAX_SECONDS:g} s", waits[-1] < SOON_MAX_SECONDS)

    def _call_figures(self) -> Iterable[Figure]:
        calls = self._run.model.calls
        yield Figure("model calls", len(calls))
        for name, is_marked in (("a text", False), ("a text never to be answered", True)):
            ours = [call for call in calls if not call.is_canary and bool(call.mark) == is_marked]
            yield Figure(f"calls for {name}", spread(Counter(call.edition for call in ours)))
        paid = Counter(call.edition for call in calls if call.is_paid and not call.is_canary)
        most = max(paid.values(), default=0)
        yield Figure("paid calls for a text", spread(paid), f"max < {PAID_CALLS}", most < PAID_CALLS)
        yield Figure("canary calls, beside these", sum(call.is_canary for call in calls))

    def _unnoticed(self) -> Iterable[Phase]:
        return (phase for phase in self._run.phases if phase.noticed is None)

    def _unasked(self) -> Iterable[str]:
        """Yield the phases that show nothing, as nobody called; whether someone did while it refuses is not seen."""
        asked = {call.phase for call in self._run.model.calls}
        silent = [phase.step for phase in self._run.phases if phase.step.name not in asked]
        return (f"{step.name}: the provider was not called" for step in silent if step.kind != REFUSED)

    def _sound_waits(self) -> Iterable[float]:
        for phase in self._run.phases:
            if phase.noticed and phase.held:
                for post in self._posted(phase.noticed, phase.held):
                    if post.state != "failed":
                        yield post.wait(since=post.item.promised_at)

    # -- the rows ------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterable[tuple[str, ...]]:
        """Yield the heading and a row for each phase; what was posted between them is in the last."""
        yield COLUMNS
        phases = sorted(self._run.phases, key=lambda phase: (not phase.step.is_quiet, phase.step.name))
        inside: set[str] = set()
        for phase in phases:
            posts = self._posted(phase.began, phase.ended)
            inside |= {post.item.marker for post in posts}
            longest = max((post.wait(since=phase.ended) for post in posts if post.state != "failed"), default=0.0)
            calls = [call for call in self._run.model.calls if call.phase == phase.step.name]
            yield self._row(phase.step.name, posts, calls, waited(longest))
        others = [post for post in self._plain if post.entry and post.item.marker not in inside]
        calls = [call for call in self._run.model.calls if not call.phase]
        yield self._row("sound", others, calls, "")

    def _row(self, name: str, posts: Sequence[Post], calls: Sequence[Call], longest: str) -> tuple[str, ...]:
        outcomes = Counter(post.outcome for post in posts)
        canaries = sum(call.is_canary for call in calls)
        numbers = (outcomes["done"], outcomes["failed"], outcomes["open"], len(calls) - canaries, canaries)
        return (name, str(len(posts)), *map(str, numbers), longest)

    # -- who was posted when -------------------------------------------------------------------------------------

    def _posted(self, since: float, until: float) -> list[Post]:
        """Return the entries without a mark whose newest text was accepted in this time."""
        return [post for post in self._plain if since <= post.item.promised_at <= until]

    def _when(self, post: Post) -> str:
        at = post.item.promised_at
        inside = [phase.step.name for phase in self._run.phases if phase.began <= at <= phase.ended]
        return inside[0] if inside else "a sound stretch"

    @cached_property
    def _by_marker(self) -> dict[str, Entry]:
        return {edition[0]: entry for entry in self._entries if (edition := edition_of(entry.text))}

    def _read_posts(self) -> Iterable[Post]:
        finished_at = dict(
            self._run.database.query(
                f"SELECT devlog_id, {self._run.database.epoch('finished_at')} FROM tagging_job "
                "WHERE finished_at IS NOT NULL"
            )
        )
        for writers in self._run.writers:
            for item in writers.items:
                entry = self._by_marker.get(item.marker)
                yield Post(item, entry, finished_at.get(entry.devlog, math.inf) if entry else math.inf)


def waited(value: float) -> str:
    return "for ever" if math.isinf(value) else seconds(value)


def spread(calls: Counter[object]) -> str:
    return f"mean {mean(calls.values()):.2f}, max {max(calls.values())}" if calls else "none"

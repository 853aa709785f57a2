"""Inside a server of the harness: it kills itself at a named point when the harness has armed that point.

The product knows nothing of it: its functions are wrapped when the app is ready. An armed point is a file, so that
it reaches processes that gunicorn starts by itself; whoever passes it takes the file by renaming it, and dies.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from django.apps import AppConfig

# In the order in which a job passes them.
POINTS = (
    *("row: before", "row: before commit", "row: after commit"),
    *("notify: before", "notify: after"),
    *("claim: before", "claim: after"),
    *("call: before", "call: open"),
    *("answer: arrived", "answer: read"),
    *("settle: before commit", "settle: after commit"),
    *("recover: before commit", "recover: after commit"),
)


@dataclass(frozen=True)
class Order:
    """Die at this point, when you have passed it so many times, after so many seconds."""

    serial: int
    point: str
    skip: int = 0
    delay: float = 0.0


class Orders:
    """The armed point and the notes of the servers: files in a directory that harness and servers share."""

    def __init__(self, directory: Path) -> None:
        self._armed = directory / "armed.json"
        self._notes = directory / "notes.jsonl"

    def arm(self, order: Order) -> None:
        draft = self._armed.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(order)))
        draft.rename(self._armed)

    def disarm(self) -> None:
        self._armed.unlink(missing_ok=True)

    def armed(self) -> Order | None:
        try:
            return Order(**json.loads(self._armed.read_text()))
        except FileNotFoundError:
            return None

    def take(self) -> bool:
        """Say whether we are the one process that carries it out."""
        try:
            self._armed.rename(self._armed.with_suffix(f".{os.getpid()}"))
        except FileNotFoundError:
            return False
        return True

    def note(self, kind: str, **fields: Any) -> None:
        """Write a line that survives whatever becomes of its writer."""
        fields |= {"kind": kind, "at": time.time(), "pid": os.getpid()}
        file = os.open(self._notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, json.dumps(fields).encode() + b"\n")
        os.close(file)

    def notes(self, kind: str) -> list[dict[str, Any]]:
        if not self._notes.exists():
            return []
        return [note for line in self._notes.read_text().splitlines() if (note := json.loads(line))["kind"] == kind]


class KillPoints(AppConfig):
    name = "tests.load.chaos"

    def ready(self) -> None:
        Guillotine(Orders(Path(os.environ["CHAOS_DIR"]))).install()
        BREAKS[os.environ.get("CHAOS_BREAK", "nothing")]()


class Guillotine:
    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._passed: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._claiming = 0  # what a claim may have committed and not handed to its slots

    def passing(self, point: str) -> None:
        order = self._orders.armed()
        if not order or order.point != point:
            return
        with self._lock:
            self._passed[order.serial] += 1
            if self._passed[order.serial] <= order.skip or not self._orders.take():
                return
        if order.delay:
            threading.Timer(order.delay, self._die, [point]).start()
        else:
            self._die(point)

    def _die(self, point: str) -> None:
        jobs = in_flight()
        held = {"jobs": jobs, "in_flight": len(jobs) + self._claiming}
        self._orders.note("killed", point=point, server=os.getppid(), **held)
        os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        from django.db import connections  # app ready

        from tagging import queues
        from tagging.engine.engine import Engine
        from tagging.engine.slots import Slots
        from tagging.engine.worker import Worker
        from tagging.extraction.openai.client import OpenAIExtractor
        from tagging.models.transitions import JobQuerySet

        self._wrap(queues, "enqueue", before="row: before", doing="row")
        self._wrap(queues, "notify", before="notify: before", after="notify: after")
        self._wrap(OpenAIExtractor, "_call", before=("call: before", "call: open"), after="answer: arrived")
        self._wrap(OpenAIExtractor, "extract", after="answer: read")
        self._wrap(Engine, "_settle", doing="settle")
        self._wrap(JobQuerySet, "recover", doing="recover")
        self._wrap(JobQuerySet, "claim", before="claim: before")
        # A claim is committed by its one statement; what follows is the start of its calls.
        self._wrap(Slots, "start", before="claim: after")
        self._note_lives(Worker)
        self._wrap_commit(type(connections["default"]))
        self._count_claims(JobQuerySet, Slots)

    def _wrap(
        self, owner: Any, name: str, *, before: str | tuple[str, ...] = (), after: str = "", doing: str = ""
    ) -> None:
        function = getattr(owner, name)

        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            for point in (before,) if isinstance(before, str) else before:
                self.passing(point)
            with self._doing(doing):
                result = function(*args, **kwargs)
            if after:
                self.passing(after)
            return result

        setattr(owner, name, wrapped)

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        """Name the thread's next commit; that of a row comes after the function that wrote it has returned."""
        if what:
            self._thread.doing = what
        yield
        if what != "row":
            self._thread.doing = ""

    def _wrap_commit(self, backend: Any) -> None:
        commit = backend._commit

        def wrapped(connection: Any) -> None:
            doing = getattr(self._thread, "doing", "")
            self._thread.doing = ""
            self.passing(f"{doing}: before commit")
            commit(connection)
            self.passing(f"{doing}: after commit")

        backend._commit = wrapped

    def _note_lives(self, worker: Any) -> None:
        start, stop = worker.start, worker.stop

        def noted_start(this: Any) -> None:
            self._orders.note("started", server=os.getppid(), forked_at=forked_at())
            start(this)

        def noted_stop(this: Any, timeout: float) -> None:
            self._orders.note("stopping")
            stop(this, timeout)

        worker.start, worker.stop = noted_start, noted_stop

    def _count_claims(self, jobs: Any, slots: Any) -> None:
        claim, start = jobs.claim, slots.start

        def counted_claim(query: Any, limit: int, **kwargs: Any) -> Any:
            self._claiming = limit
            return claim(query, limit, **kwargs)

        def counted_start(*args: Any) -> None:
            start(*args)
            self._claiming = 0

        jobs.claim, slots.start = counted_claim, counted_start


def forked_at() -> float:
    """Return when this process was forked, to the end of that clock tick."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    seconds_after_boot = (int(fields[19]) + 1) / os.sysconf("SC_CLK_TCK")
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + seconds_after_boot


def in_flight() -> list[int]:
    """Return the ids of the jobs this process's worker holds."""
    from tagging.engine import startup  # app ready

    engine = vars(startup._worker).get("engine") if startup._worker else None
    return [job_id for job_id, _ in list(engine.slots.in_flight)] if engine else []


# -- broken on purpose, to see that the harness notices ----------------------------------------------------------


def break_fence() -> None:
    """Whoever settles is believed: the token is not compared."""
    from django.db.models.functions import Now  # app ready

    from tagging.models import sql
    from tagging.models.job import Job
    from tagging.models.people import NO_CLAIM

    def complete(model: type[Job], fences: Sequence[tuple[int, Any]]) -> set[int]:
        ids = {job_id for job_id, _ in fences}
        done = {"state": Job.State.DONE, "run_after": None, "finished_at": Now(), "error_code": ""}
        model.objects.filter(pk__in=ids).update(**done, **NO_CLAIM)
        return ids

    sql.complete = complete


def break_recovery() -> None:
    """What a dead worker held is left to it."""
    from tagging.models.job import JobQuerySet  # app ready

    JobQuerySet.recover = lambda jobs, dead_owners=(): []


BREAKS: dict[str, Callable[[], None]] = {
    "nothing": lambda: None,
    "fence": break_fence,
    "recovery": break_recovery,
}

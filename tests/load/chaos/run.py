"""One run: servers under load, and what is done to them, step by step, as the seed says."""

from __future__ import annotations

import math
import os
import random
import re
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path

from tests.load.chaos.clients import Clients
from tests.load.chaos.databases import Postgres, Sqlite, ask
from tests.load.chaos.lives import Death, Life, lives
from tests.load.chaos.points import POINTS, Order, Orders
from tests.load.chaos.stand_in import StandIn
from tests.support.servers import Server
from tests.support.site import Site
from tests.support.waiting import eventually

CONCURRENCY = 8
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.load.chaos.settings",
    "LOG_LEVEL": "WARNING",
    "TAGGING_EXTRACTOR": "tagging.extraction.openai.client.OpenAIExtractor",
    "TAGGING_CONCURRENCY": str(CONCURRENCY),
    "TAGGING_SWEEP_SECONDS": "1",  # as in production; all else is only quicker than there
    "TAGGING_LEASE_SECONDS": "20",
    "TAGGING_SHUTDOWN_SECONDS": "8",
    "TAGGING_BACKOFF_SECONDS": "0.1",
    "TAGGING_BACKOFF_CAP_SECONDS": "1",
    "OPENAI_TIMEOUT_SECONDS": "5",
    "OPENAI_API_KEY": "sk-chaos",
}
# Who is to be frozen: its leases end soon, and the answers it wakes up to are not too late for it.
FROZEN = {"TAGGING_LEASE_SECONDS": "2", "OPENAI_TIMEOUT_SECONDS": "60"}
# One gunicorn with one process; then two with three processes, on the same database.
ALONE, SEVERAL = ((),), (("--workers", "2"), ())
# Kinds of kill by weight; in `point` a process kills itself.
KILLS = {"point": 60, "one process": 20, "whole server": 12, "while stopping": 8}
DISTURBANCES = ("stop", "freeze", "reload", "outage", "roll")
KILLS_PER_DISTURBANCE = 12
# Who writes waits while so many jobs do.
BACKLOG = 150

# How many of the four descriptions of a job fit it: one, unless it is in two states or in none.
STATES = """
SELECT d.id, j.state FROM devlogs_devlog d LEFT JOIN tagging_job j ON j.devlog_id = d.id
WHERE CASE WHEN j.state = 'pending' AND j.run_after IS NOT NULL AND {free} AND NOT {tagged} THEN 1 ELSE 0 END
    + CASE WHEN j.state = 'running' AND j.run_after IS NULL AND j.claim_token IS NOT NULL AND j.claimed_by <> ''
           AND j.lease_expires_at IS NOT NULL AND j.attempts > 0 AND NOT {tagged} THEN 1 ELSE 0 END
    + CASE WHEN j.state = 'done' AND {over} AND j.error_code = '' AND {tagged} THEN 1 ELSE 0 END
    + CASE WHEN j.state = 'failed' AND {over} AND j.error_code <> '' AND NOT {tagged} THEN 1 ELSE 0 END <> 1
""".format(
    free="j.claim_token IS NULL AND j.claimed_by = '' AND j.lease_expires_at IS NULL",
    over="j.claim_token IS NULL AND j.claimed_by = '' AND j.lease_expires_at IS NULL AND j.run_after IS NULL "
    "AND j.finished_at IS NOT NULL",
    tagged="EXISTS (SELECT 1 FROM tagging_devlogtag x WHERE x.devlog_id = d.id AND x.attempt_id IS NOT NULL)",
)
UNFINISHED = "SELECT count(*) FROM tagging_job WHERE state IN ('pending', 'running')"


@dataclass(frozen=True)
class Kill:
    """One kill -9: whom it hit, and what it cost."""

    kind: str
    at: float
    jobs: list[int]
    in_flight: int
    server: int
    victims: list[int]


@dataclass
class Record:
    """What happened, for the verdict."""

    kills: list[Kill] = field(default_factory=list)
    disturbances: list[str] = field(default_factory=list)
    frozen: int = 0
    loads: list[float] = field(default_factory=list)
    in_two_states: set[str] = field(default_factory=set)
    not_run: list[str] = field(default_factory=list)

    @property
    def in_flight(self) -> int:
        return self.frozen + sum(kill.in_flight for kill in self.kills)


def plan(seed: int, kills: int, harms: Sequence[str]) -> Iterator[str]:
    """Yield steps without an end: kills of all kinds, now and then something else, and half-way more servers."""
    rng = random.Random(seed)
    points, others = shuffled(POINTS, rng), cycle([*DISTURBANCES, *harms])
    for number in count(1):
        kind = rng.choices(list(KILLS), list(KILLS.values()))[0]
        yield next(points) if kind == "point" else kind
        if number % KILLS_PER_DISTURBANCE == KILLS_PER_DISTURBANCE // 2:
            yield next(others)
        if number == kills // 2:
            yield "several"


def shuffled(names: Sequence[str], rng: random.Random) -> Iterator[str]:
    while True:
        yield from rng.sample(names, len(names))


class Run:
    """`go` once, then `record`, `clients`, `model` and `database` tell what came of it."""

    def __init__(
        self,
        directory: Path,
        database: Sqlite | Postgres,
        steps: Iterable[str],
        *,
        seed: int,
        kills: float = math.inf,
        minutes: float = 10.0,
        fault_rate: float = 0.15,
        drain_seconds: float = 60.0,
        broken: str = "nothing",
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.database = database
        self.record = Record(not_run=list(database.not_run))
        self.clients = Clients(seed, count=4, rate=25.0)
        self.model = StandIn(seed, fault_rate=fault_rate, latency=(0.02, 0.15))
        self._steps = steps
        self._kills = kills
        self._until = time.monotonic() + 60 * minutes
        self._drain_seconds = drain_seconds
        self._say = say
        self._random = random.Random(seed)
        self._orders = Orders(directory)
        self._serials = count(1)
        ours = {"CHAOS_DIR": str(directory), "CHAOS_BREAK": broken, "OPENAI_BASE_URL": self.model.base_url}
        self._site = Site(directory, database_url=database.url, **SETTINGS, **ours)
        self._servers: dict[Server, tuple[str, ...]] = {}
        self._launches: dict[int, float] = {}

    def go(self) -> None:
        self._site.migrate()
        with self.model:
            self.clients.start()
            try:
                self._stay(ALONE)
                self._take_steps()
                self._orders.disarm()
                self.clients.stop()
                self._drain()
            finally:
                self.clients.stop()
                for server in self._site.servers:
                    server.kill()

    def lives(self) -> list[Life]:
        deaths = [Death(pid, kill.server, kill.at) for kill in self.record.kills for pid in kill.victims]
        return lives(self._orders.notes("started"), self._orders.notes("stopping"), deaths, self._launches)

    def logged(self, pattern: str) -> int:
        """Count the places in the logs of all servers that match."""
        return sum(len(re.findall(pattern, server.log())) for server in self._site.servers)

    def _take_steps(self) -> None:
        for step in self._steps:
            if (done := len(self.record.kills)) >= self._kills:
                return
            if time.monotonic() > self._until:
                self.record.not_run.append(f"{self._kills - done:g} of the kills: the time was up")
                return
            self._say(f"{done}/{self._kills:g} kills, {len(self.clients.items)} entries: {step}")
            time.sleep(self._random.uniform(0.02, 0.5))
            self._take(step)
            self._check_states()

    def _take(self, step: str) -> None:
        self.record.loads.append(os.getloadavg()[0])
        if step in POINTS:
            self._kill_at(step)
        elif step in KILLS:
            getattr(self, f"_kill_{step.replace(' ', '_')}")()
        else:
            self.record.disturbances.append(step)
            method = step.replace(" ", "_")
            (getattr(self.database, method) if step in self.database.harms else getattr(self, f"_{method}"))()

    # -- kills ---------------------------------------------------------------------------------------------------

    def _kill_at(self, point: str) -> None:
        """Have the next process that passes this point (for the n-th time) die there."""
        before = len(self._orders.notes("killed"))
        delay = self._random.uniform(0.001, 0.1) if point == "call: open" else 0.0
        skip = 0 if point.startswith("recover") else self._random.randrange(3)
        self._orders.arm(Order(next(self._serials), point, skip, delay))
        if point.startswith("recover"):
            self._kill_one_process(at_work=True)
        try:
            eventually(lambda: len(self._orders.notes("killed")) > before, point)
        except AssertionError:  # say, because the queue was paused all the time
            self.record.not_run.append(f"a kill at {point}: nobody came by")
        self._orders.disarm()
        for note in self._orders.notes("killed")[before:]:
            kill = Kill(note["point"], note["at"], note["jobs"], note["in_flight"], note["server"], [note["pid"]])
            self.record.kills.append(kill)

    def _kill_one_process(self, *, at_work: bool = False) -> None:
        """Kill what serves, if asked so while it holds jobs; gunicorn's master starts another."""
        server = self._any_server()
        pid = self._random.choice(eventually(server.children, "a process that serves"))
        with suppress(ProcessLookupError):
            if at_work:
                with suppress(AssertionError):  # a paused queue gives it nothing to do
                    eventually(lambda: self._catch(pid), "a process with jobs", seconds=10)
            os.kill(pid, signal.SIGSTOP)
            jobs, in_flight = self._held_by([pid])
            at = time.time()
            os.kill(pid, signal.SIGKILL)
            self.record.kills.append(Kill("one process", at, jobs, in_flight, server.pid, [pid]))

    def _kill_whole_server(self) -> None:
        """Kill gunicorn's master with all that serves, and start again after a moment."""
        self._kill_server(self._any_server(), "whole server")

    def _kill_while_stopping(self) -> None:
        server = self._any_server()
        server.signal(signal.SIGTERM)
        time.sleep(self._random.uniform(0, 0.3))
        self._kill_server(server, "while stopping")

    def _kill_server(self, server: Server, kind: str) -> None:
        """Kill the server, which may just have ended by itself, and start another."""
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGSTOP)
        victims = server.children()
        jobs, in_flight = self._held_by(victims)
        at = time.time()
        server.kill()
        time.sleep(self._random.uniform(0, 0.3))
        self._replace(server)
        if victims:
            self.record.kills.append(Kill(kind, at, jobs, in_flight, server.pid, victims))

    def _held_by(self, pids: Sequence[int]) -> tuple[list[int], int]:
        """Return the jobs these processes, which stand still, have claimed, and how many these are at most."""
        owners = " OR ".join(f"claimed_by LIKE '%-{pid}-%'" for pid in pids) or "1 = 0"
        try:
            rows = self.database.query(f"SELECT devlog_id FROM tagging_job WHERE state = 'running' AND ({owners})")
        except sqlite3.OperationalError:  # one of them stands still with the lock in its hand
            return [], CONCURRENCY * len(pids)
        return [job for (job,) in rows], len(rows)

    # -- disturbances --------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        """SIGTERM, and start again when it has ended."""
        server = self._any_server()
        server.signal(signal.SIGTERM)
        server.wait_until_it_ended()
        self._replace(server)

    def _reload(self) -> None:
        """SIGHUP: gunicorn starts new processes and lets the old ones finish."""
        server = self._any_server()
        old = set(server.children())
        server.signal(signal.SIGHUP)
        eventually(lambda: not old & set(server.children()), "the old processes' end")

    def _several(self) -> None:
        """From now on several processes share the database."""
        self._stay(SEVERAL)

    def _roll(self) -> None:
        """Start the new server first, then SIGTERM the old one."""
        server = self._any_server()
        self._start(self._servers[server]).wait_until_it_answers()
        self._retire(server)

    def _freeze(self) -> None:
        """Stop a process in the midst of its calls, let its leases run out and others do its work, then wake it."""
        frozen = self._start((), **FROZEN).wait_until_it_answers()
        (pid,) = frozen.children()
        jobs: list[int] = []
        with suppress(AssertionError):  # a paused queue gives it nothing to do
            jobs = eventually(lambda: self._catch(pid), "calls in flight", seconds=10)
        self._set_ports(without=frozen)
        self.record.frozen += len(jobs)
        theirs = ", ".join(map(str, jobs)) or "0"
        still_its = f"SELECT count(*) FROM tagging_job WHERE devlog_id IN ({theirs}) AND claimed_by LIKE '%-{pid}-%'"
        unfinished = f"{UNFINISHED} AND devlog_id IN ({theirs})"
        for waiting in (still_its, unfinished):
            with suppress(AssertionError):  # the verdict will tell
                eventually(lambda waiting=waiting: ask(self.database, waiting) == [(0,)], waiting, seconds=6)
        os.kill(pid, signal.SIGCONT)
        self._retire(frozen)

    def _catch(self, pid: int) -> list[int]:
        """Stop the process; return the jobs it holds. Without any, or with a lock that others need, it goes on."""
        os.kill(pid, signal.SIGSTOP)
        jobs, _ = self._held_by([pid])
        if not jobs or not self.database.is_writable():
            os.kill(pid, signal.SIGCONT)
            return []
        return jobs

    def _outage(self) -> None:
        """The model is down for a while: the breaker opens, and closes again."""
        self.model.is_down = True
        time.sleep(self._random.uniform(1, 2))
        self.model.is_down = False

    # -- servers -------------------------------------------------------------------------------------------------

    def _stay(self, arguments: Sequence[tuple[str, ...]]) -> None:
        """Have these servers from now on, and no others."""
        old = list(self._servers)
        new = [self._start(each) for each in arguments]
        for server in new:
            server.wait_until_it_answers()
        for server in old:
            self._retire(server)

    def _start(self, arguments: tuple[str, ...], **settings: str) -> Server:
        launched_at = time.time()
        server = self._site.serve("gunicorn", *arguments, **settings)
        self._launches[server.pid] = launched_at
        self._servers[server] = arguments
        self._set_ports()
        return server

    def _replace(self, server: Server) -> None:
        self._start(self._servers.pop(server))

    def _retire(self, server: Server) -> None:
        self._servers.pop(server)
        self._set_ports()
        server.signal(signal.SIGTERM)
        server.wait_until_it_ended()

    def _set_ports(self, without: Server | None = None) -> None:
        self.clients.ports = [server.port for server in self._servers if server is not without]

    def _any_server(self) -> Server:
        return self._random.choice(list(self._servers))

    # -- looks ---------------------------------------------------------------------------------------------------

    def _check_states(self) -> None:
        wrong = ask(self.database, STATES)
        self.record.in_two_states |= {f"job {job} ({state}) at step {len(self.record.loads)}" for job, state in wrong}
        self.clients.is_held = ask(self.database, UNFINISHED)[0][0] > BACKLOG

    def _drain(self) -> None:
        """Let the servers that are there finish, with a model in best health."""
        self.model.is_down, self.model.fault_rate = False, 0.0
        self._say("waiting for the last jobs")
        with suppress(AssertionError):  # who is not finished counts as lost
            eventually(
                lambda: ask(self.database, UNFINISHED) == [(0,)], "all jobs finished", seconds=self._drain_seconds
            )
        self._check_states()

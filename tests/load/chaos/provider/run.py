"""One run: entries keep coming while the provider fails, kind by kind as the seed says, and is sound between."""

from __future__ import annotations

import math
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.load.chaos.clients import Clients
from tests.load.chaos.databases import Postgres, Sqlite, ask
from tests.load.chaos.provider.faults import KINDS, LONG, MARKS, REFUSED, SOUND
from tests.load.chaos.provider.model import Model
from tests.support.servers import Server
from tests.support.site import Site
from tests.support.waiting import eventually

SETTINGS = {
    "LOG_LEVEL": "WARNING",
    "TAGGING_EXTRACTOR": "tagging.extraction.openai.client.OpenAIExtractor",
    "TAGGING_SWEEP_SECONDS": "1",  # as in production; all else is only quicker than there
    "TAGGING_LEASE_SECONDS": "20",
    "TAGGING_SHUTDOWN_SECONDS": "8",
    "TAGGING_BACKOFF_SECONDS": "0.05",
    "TAGGING_BACKOFF_CAP_SECONDS": "1",
    "OPENAI_TIMEOUT_SECONDS": "1",
    "OPENAI_API_KEY": "sk-chaos",
}
RATE = 6.0
MARKED_RATE = 0.5
# From when those who write are let go to when the provider begins to fail: it fails in the midst of calls.
LEAD_SECONDS = 0.3
# So long after a phase at the latest, beside its own length, an entry is answered again.
NOTICE_SECONDS = 8.0
# And so long at the latest all are that were posted until then.
CLEAR_SECONDS = 5.0
QUIET_PHASES = 3
# A lone entry waits so many times as long as one phase takes: it could use up all its attempts.
QUIET_TIMES = 2
# How long a phase takes on average beside the time for which the provider fails; more than that in all is too much.
EXTRA_SECONDS = 4.6
KILLS = 6

UNFINISHED = (
    "SELECT count(*) FROM tagging_job j JOIN devlogs_devlog d ON d.id = j.devlog_id "
    "WHERE j.state IN ('pending', 'running')"
)
UNMARKED = f"{UNFINISHED} AND d.entry NOT LIKE '% case %'"


@dataclass(frozen=True)
class Step:
    """One phase to come: how the provider fails, whether one entry waits alone, and which process is killed."""

    kind: str
    is_quiet: bool = False
    kill: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind}, one entry alone" if self.is_quiet else self.kind


@dataclass
class Phase:
    """One phase as it was: from when to when posts came to a failing provider, when an entry was answered again, and
    until when posts came to a sound one."""

    step: Step
    began: float
    ended: float = 0.0
    noticed: float | None = None
    held: float | None = None


def plan(seed: int) -> list[Step]:
    """Return the quiet phases and then the busy ones: each kind once, some with a kill, in the seed's order."""
    rng = random.Random(seed)
    quiet = [REFUSED, *rng.sample([kind for kind in KINDS if kind not in SOUND and kind != REFUSED], QUIET_PHASES - 1)]
    busy = rng.sample(list(KINDS), len(KINDS))
    killed = dict(zip(rng.sample(busy, KILLS), ["one process", "whole server"] * KILLS, strict=False))
    *others, last = quiet
    return [
        *(Step(kind, is_quiet=True) for kind in others),
        Step(last, is_quiet=True, kill="whole server"),
        *(Step(kind, kill=killed.get(kind, "")) for kind in busy),
    ]


class ProviderRun:
    """`go` once, then `phases`, `writers`, `model` and `database` tell what came of it."""

    def __init__(
        self,
        directory: Path,
        database: Sqlite | Postgres,
        steps: Sequence[Step],
        *,
        seed: int,
        phase_seconds: float,
        marked_rate: float = MARKED_RATE,
        sound_seconds: float = 1.0,
        drain_seconds: float = 30.0,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.database = database
        self.model = Model(seed)
        self.phases: list[Phase] = []
        self.kills: list[str] = []
        self.not_run: list[str] = []
        self._steps = steps
        self._until = math.inf
        self._phase_seconds = phase_seconds
        self._sound_seconds = sound_seconds
        self._drain_seconds = drain_seconds + phase_seconds
        self._say = say
        self._random = random.Random(seed)
        self._lone = Clients(seed, count=1, rate=1, name=100)
        self._many = Clients(seed, count=4, rate=RATE)
        self._marked = Clients(seed, count=1, rate=marked_rate or 1, marks=list(MARKS), name=200)
        self._busy_writers = [self._many, self._marked] if marked_rate else [self._many]
        self.writers = [self._lone, *self._busy_writers]
        self._site = Site(directory, database_url=database.url, **SETTINGS, OPENAI_BASE_URL=self.model.base_url)
        self._servers: list[Server] = []

    def go(self) -> None:
        self._site.migrate()
        with self.model:
            try:
                self._warm_up(self._serve())
                self._until = time.monotonic() + (self._phase_seconds + EXTRA_SECONDS) * len(self._steps)
                self._take(self._quiet, [step for step in self._steps if step.is_quiet])
                self._warm_up(self._serve())  # from now on two processes share the database
                self._with_writers([step for step in self._steps if not step.is_quiet])
                self._drain()
            finally:
                for server in self._site.servers:
                    server.kill()

    def _with_writers(self, steps: Sequence[Step]) -> None:
        self._many.is_held = True
        for each in self._busy_writers:
            each.start()
        try:
            self._take(self._busy, steps)
        finally:
            for each in self._busy_writers:
                each.stop()

    def _take(self, play: Callable[[Step], None], steps: Sequence[Step]) -> None:
        for at, step in enumerate(steps):
            if time.monotonic() > self._until:
                self.not_run += [f"{step.name}: the time was up" for step in steps[at:]]
                return
            number = f"{len(self.phases) + 1}/{len(self._steps)}"
            self._say(f"phase {number}, {sum(len(each.items) for each in self.writers)} entries: {step.name}")
            play(step)

    # -- phases --------------------------------------------------------------------------------------------------

    def _quiet(self, step: Step) -> None:
        """One entry comes while the provider fails, and there is no other; then wait until that is done."""
        phase = self._begin(step)
        self._lone.create(self._random.choice(self._servers).port, self._random)
        self._fail(phase, QUIET_TIMES * self._phase_seconds)
        if self._is_soon(lambda: self._is_clear(UNFINISHED), QUIET_TIMES * self._phase_seconds + NOTICE_SECONDS):
            phase.noticed = time.time()

    def _busy(self, step: Step) -> None:
        """Posts come from shortly before the provider fails until it has been sound for a while."""
        seconds = self._phase_seconds * (2 if step.kind in LONG else 1)
        self._many.is_held = False
        phase = self._begin(step, LEAD_SECONDS)
        self._fail(phase, seconds)
        if self._is_soon(lambda: self.model.has_answered(phase.ended), seconds + NOTICE_SECONDS):
            phase.noticed = time.time()
            time.sleep(self._sound_seconds)
        self._many.is_held = True
        phase.held = time.time()
        self._is_soon(lambda: self._is_clear(UNMARKED), CLEAR_SECONDS)

    def _begin(self, step: Step, lead: float = 0.0) -> Phase:
        self.phases.append(phase := Phase(step, began=time.time()))
        time.sleep(lead)
        self.model.fail(step.name, step.kind)
        return phase

    def _fail(self, phase: Phase, seconds: float) -> None:
        """Let it go on for so long, and kill in its midst if so planned."""
        ends = time.monotonic() + seconds
        if phase.step.kill:
            time.sleep(seconds * self._random.uniform(0.3, 0.6))
            self._kill(phase.step.kill)
        time.sleep(max(0.0, ends - time.monotonic()))
        phase.ended = time.time()
        self.model.recover()

    # -- servers -------------------------------------------------------------------------------------------------

    def _serve(self) -> Server:
        server = self._site.serve("gunicorn")
        self._servers.append(server)
        self._set_ports()
        return server

    def _warm_up(self, server: Server) -> None:
        """Have it answer one entry: what it then imports takes as long as a phase."""
        self._lone.create(server.wait_until_it_answers().port, self._random)
        self._is_soon(lambda: self._is_clear(UNFINISHED), self._drain_seconds)

    def _kill(self, kind: str) -> None:
        """Kill what serves, which gunicorn's master starts again, or the master too."""
        server = self._random.choice(self._servers)
        self.kills.append(kind)
        if kind == "one process":
            with suppress(ProcessLookupError):
                os.kill(eventually(server.children, "a process that serves")[0], signal.SIGKILL)
            return
        server.kill()
        self._servers.remove(server)
        self._serve()

    def _set_ports(self) -> None:
        for each in self.writers:
            each.ports = [server.port for server in self._servers]

    # -- looks ---------------------------------------------------------------------------------------------------

    def _is_clear(self, unfinished: str) -> bool:
        return ask(self.database, unfinished) == [(0,)]

    def _is_soon(self, condition: Callable[[], bool], seconds: float) -> bool:
        try:
            return eventually(condition, "what the verdict tells of", seconds=seconds)
        except AssertionError:
            return False

    def _drain(self) -> None:
        """Wait for the entries that can be answered, and then a while for those that cannot."""
        self._say("waiting for the last jobs")
        if self._is_soon(lambda: self._is_clear(UNMARKED), self._drain_seconds):
            self._is_soon(lambda: self._is_clear(UNFINISHED), self._drain_seconds / 4)

"""The run: a steady gunicorn that is watched, and beside it one that is killed and restarted, on one database."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.load.chaos.stand_in import StandIn
from tests.load.soak.load import Load
from tests.load.soak.watch import Sample, look
from tests.support.servers import Server
from tests.support.site import Site
from tests.support.waiting import eventually

SETTINGS = {
    "LOG_LEVEL": "WARNING",
    "TAGGING_EXTRACTOR": "tagging.extraction.openai.client.OpenAIExtractor",
    "TAGGING_SWEEP_SECONDS": "1",
    "TAGGING_LEASE_SECONDS": "20",
    "TAGGING_BACKOFF_SECONDS": "0.1",
    "TAGGING_BACKOFF_CAP_SECONDS": "5",
    "OPENAI_TIMEOUT_SECONDS": "5",
    "OPENAI_API_KEY": "sk-soak",
}
WRITERS, POSTS_A_SECOND = 4, 8.0
FAULTS = 0.1
OUTAGE_SECONDS = 10.0
DISTURBANCES = ("kill a worker", "kill the server", "stop and start", "reload", "outage")
MOST_SECONDS_TO_EMPTY = 120.0


class Run:
    """`go` once; then `samples`, `disturbances` and `answers` tell of it."""

    def __init__(self, directory: Path, url: str, *, seed: int, minutes: float, say: Callable[[str], None]) -> None:
        self.samples: list[Sample] = []
        self.disturbances: Counter[str] = Counter()
        self._seconds = 60 * minutes
        # A hundred looks, none shorter than what a percentile needs; ten disturbances, or one a minute.
        self._look_every = max(self._seconds / 100, 5.0)
        self._disturb_every = max(min(self._seconds / 10, 60.0), OUTAGE_SECONDS + 5)
        self._say = say
        self._random = random.Random(seed)
        self._model = StandIn(seed, fault_rate=FAULTS, latency=(0.05, 0.3))
        self._load = Load(seed, writers=WRITERS, rate=POSTS_A_SECOND)
        self._site = Site(directory, database_url=url, **SETTINGS, OPENAI_BASE_URL=self._model.base_url)

    @property
    def answers(self) -> Counter[str]:
        return self._load.answers

    def go(self) -> None:
        self._site.migrate()
        with self._site, self._model:
            self._steady = self._site.serve("gunicorn").wait_until_it_answers()
            self._other = self._start()
            self._load.start()
            try:
                self._last()
            finally:
                self._load.stop()
            eventually(lambda: not self._open_jobs(), "an empty queue", MOST_SECONDS_TO_EMPTY)

    def _last(self) -> None:
        """Look and disturb until the time is up."""
        began = time.monotonic()
        look_at, disturb_at = began + self._look_every, began + self._disturb_every
        while (now := time.monotonic()) < began + self._seconds:
            if now >= disturb_at:
                self._disturb(self._random.choice(DISTURBANCES))
                disturb_at += self._disturb_every
            if now >= look_at:
                pids = [self._steady.pid, *self._steady.children()]
                self.samples.append(look(self._site, pids, (now - began) / 60, self._load.taken()))
                look_at += self._look_every
            self._say(
                f"{(now - began) / 60:.1f} of {self._seconds / 60:g} minutes, {sum(self.answers.values())} requests"
            )
            time.sleep(0.5)

    def _open_jobs(self) -> int:
        return self._site.query("SELECT count(*) FROM tagging_job WHERE state IN ('pending', 'running')")[0][0]

    def _start(self) -> Server:
        server = self._site.serve("gunicorn", "--workers", "2").wait_until_it_answers()
        self._load.ports = (self._steady.port, server.port)
        return server

    def _disturb(self, how: str) -> None:
        self.disturbances[how] += 1
        match how:
            case "kill a worker":
                self._kill_worker()
            case "kill the server":
                self._load.ports = (self._steady.port,)
                self._other.kill()
                self._other = self._start()
            case "stop and start":
                self._load.ports = (self._steady.port,)
                self._other.signal(signal.SIGTERM)
                self._other.wait_until_it_ended()
                self._other = self._start()
            case "reload":
                self._other.signal(signal.SIGHUP)
            case "outage":
                self._model.is_down = True
                time.sleep(OUTAGE_SECONDS)
                self._model.is_down = False

    def _kill_worker(self) -> None:
        for pid in self._other.children()[:1]:
            os.kill(pid, signal.SIGKILL)

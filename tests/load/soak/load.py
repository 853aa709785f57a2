"""Who writes, reads, edits and deletes: as many entries go as come, so that the database need not grow."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from tests.support.entries import FOUNDING

TIMEOUT_SECONDS = 20.0
LIVES_SECONDS = 120.0
READ = ("devlogs/", "devlogs/?q=Django", "devlogs/?tag=Django", "tags/", "techstack/", "jobs/", "queue/")
TECHNOLOGIES = (
    "Django",
    "Redis",
    "Docker",
    "React",
    "Rust",
    "Flask",
    "Celery",
    "PostgreSQL",
    "Kubernetes",
    "Terraform",
)


class Load:
    """Threads that act on the servers at `ports`, so often a second each."""

    def __init__(self, seed: int, *, writers: int, rate: float) -> None:
        self.ports: Sequence[int] = ()
        self.answers: Counter[str] = Counter()
        self.kept: deque[tuple[float, int]] = deque()  # when an entry was accepted, and its id
        self._post_seconds: list[float] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        acts = [self._write] * writers + [self._read, self._edit, self._delete]
        self._threads = [
            threading.Thread(target=self._act, args=(act, rate / writers, random.Random(f"{seed}-{number}")))
            for number, act in enumerate(acts)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def taken(self) -> list[float]:
        """Return the seconds of each POST since this was asked last."""
        with self._lock:
            taken, self._post_seconds = self._post_seconds, []
        return taken

    def _act(self, act: Any, rate: float, rng: random.Random) -> None:
        while not self._over.wait(rng.expovariate(rate)):
            if ports := self.ports:
                act(rng.choice(ports), rng)

    def _write(self, port: int, rng: random.Random) -> None:
        text = rng.choice(
            [FOUNDING, f"Wrote an app with {', '.join(rng.sample(TECHNOLOGIES, 3))}, no. {rng.random()}."]
        )
        began = time.perf_counter()
        status, answer = self._send("POST", port, "devlogs/", {"entry": text})
        if status == 201:
            with self._lock:
                self._post_seconds.append(time.perf_counter() - began)
                self.kept.append((time.monotonic(), answer["id"]))

    def _read(self, port: int, rng: random.Random) -> None:
        self._send("GET", port, rng.choice(READ))

    def _edit(self, port: int, rng: random.Random) -> None:
        if self.kept:
            _, devlog = self.kept[-1]
            self._send("PATCH", port, f"devlogs/{devlog}/", {"entry": f"Wrote it anew in {rng.choice(TECHNOLOGIES)}."})

    def _delete(self, port: int, rng: random.Random) -> None:
        """Delete all that is old enough; what gets no answer is tried again."""
        while self.kept and time.monotonic() - self.kept[0][0] > LIVES_SECONDS and not self._over.is_set():
            if self._send("DELETE", port, f"devlogs/{self.kept[0][1]}/")[0] not in (204, 404):
                return
            self.kept.popleft()

    def _send(self, method: str, port: int, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON of an answer, 0 where none came; count them."""
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)) as connection:
            try:
                content = None if body is None else json.dumps(body)
                connection.request(method, f"/api/v1/{path}", content, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                status, text = answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                status, text = 0, b""
        with self._lock:
            self.answers[f"{method} {status or 'no answer'}"] += 1
        return status, json.loads(text or b"{}")

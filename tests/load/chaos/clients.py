"""Those who write entries and edit them, over HTTP, and remember what they were promised."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

# Two kinds without a name in common: the editions of an entry take turns, so that tags of the other are seen.
KINDS = (
    ("Django", "Redis", "Docker", "React", "Rust", "Flask", "Celery"),
    ("PostgreSQL", "Kubernetes", "TypeScript", "GraphQL", "Elasticsearch", "Terraform", "FastAPI"),
)
TIMEOUT_SECONDS = 10.0


def technologies_in(text: str) -> set[str]:
    """Return the names an entry of ours holds: the tags it must get."""
    return {name for kind in KINDS for name in kind if name in text}


@dataclass
class Item:
    """An entry as its writer knows it: which editions were sent, and which are known to be stored."""

    marker: str
    mark: str = ""
    devlog: int = 0
    sent: int = 0
    promised: int = -1
    promised_at: float = 0.0

    @property
    def is_accepted(self) -> bool:
        return self.promised >= 0

    def promise(self) -> None:
        """Note that the edition sent last is stored."""
        self.promised, self.promised_at = self.sent, time.time()


class Clients:
    """So many threads that write `rate` entries a second in all, to the ports in `ports`; `is_held` has them pause.

    With `marks` each entry holds one of these words, in turn, and is not edited; `name` tells whose they are.
    """

    def __init__(self, seed: int, *, count: int, rate: float, marks: Sequence[str] = (), name: int = 0) -> None:
        self.ports: list[int] = []
        self.is_held = False
        self.unexpected: list[str] = []
        self.server_errors = 0
        self._marks = marks
        self._name = name
        self._items: list[list[Item]] = [[] for _ in range(count)]
        self._pause = count / rate
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(number, random.Random(f"{seed}-{name + number}")))
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Return when the last request has its answer or has none."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    @property
    def items(self) -> list[Item]:
        return [item for items in self._items for item in items]

    def _write(self, number: int, rng: random.Random) -> None:
        items = self._items[number]
        while not self._is_over.wait(rng.expovariate(1 / self._pause)):
            if self.is_held or not (ports := list(self.ports)):
                continue
            recent = [item for item in items[-5:] if item.is_accepted and item.promised == item.sent]
            if recent and not self._marks and rng.random() < 0.15:
                self._edit(rng.choice(recent), rng.choice(ports), rng)
            else:
                self.create(rng.choice(ports), rng, number)

    def create(self, port: int, rng: random.Random, number: int = 0) -> None:
        """Write one entry, as the thread of this number does."""
        items = self._items[number]
        mark = self._marks[len(items) % len(self._marks)] if self._marks else ""
        item = Item(f"{self._name + number}.{len(items)}", mark)
        answer = self._send("POST", port, "/api/v1/devlogs/", text_of(item, rng))
        if answer == "not sent":
            return
        items.append(item)
        if isinstance(answer, dict):
            item.devlog = answer["id"]
            item.promise()

    def _edit(self, item: Item, port: int, rng: random.Random) -> None:
        item.sent += 1
        answer = self._send("PATCH", port, f"/api/v1/devlogs/{item.devlog}/", text_of(item, rng))
        if answer == "not sent":
            item.sent -= 1
        elif isinstance(answer, dict):
            item.promise()

    def _send(self, method: str, port: int, path: str, entry: str) -> dict | str:
        """Return the answer of a request that was accepted, or why there is none."""
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)) as connection:
            try:
                connection.connect()
            except OSError:
                return "not sent"
            try:
                body = json.dumps({"entry": entry}).encode()
                connection.request(method, path, body, {"Content-Type": "application/json", "Connection": "close"})
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException):
                return "no answer"
        if response.status in (200, 201):
            return json.loads(content)
        if response.status < 500:
            self.unexpected.append(f"{method} {path}: {response.status}")
        self.server_errors += 1
        return "refused"


def text_of(item: Item, rng: random.Random) -> str:
    kind = KINDS[item.sent % len(KINDS)]
    first, second, third = rng.sample(kind, 3)
    which = f"item {item.marker} edition {item.sent}{item.mark and f' case {item.mark}'}"
    return f"For {which} wrote an app with {first} and {second}, deployed it with {third}."

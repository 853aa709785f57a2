"""Clients that POST as fast as they are answered, over kept-alive connections, in a process of their own.

One thread and raw sockets, so that what is measured is the server and not its load:
`python -m tests.load.benchmarks.load PORT CLIENTS WARM_UP_SECONDS SECONDS` prints one line of JSON. Whose entries they
are changes with each: BENCH_TOKENS holds the tokens, with commas between them.
"""

import json
import os
import selectors
import socket
import sys
import time
from itertools import cycle

from tests.load.benchmarks.entries import entries

TOKENS = cycle(os.environ.get("BENCH_TOKENS", "").split(","))


def request_for(entry: str) -> bytes:
    body = json.dumps({"entry": entry}).encode()
    head = "POST /api/v1/devlogs/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Authorization: Token {next(TOKENS)}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


# By the clock, so that a second load of the same site posts nothing known.
ENTRIES = entries(int(10_000 * time.monotonic()))


class Client:
    """One kept-alive connection with one request on its way."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self) -> None:
        self._received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request_for(next(ENTRIES)))

    def receive(self) -> bytes:
        """Return the answer once it is complete, until then nothing."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("The server hung up.")
        self._received += part
        head, _, body = self._received.partition(b"\r\n\r\n")
        _, found, length = head.lower().partition(b"content-length:")
        complete = found and len(body) >= int(length.split(b"\r\n", 1)[0])
        return self._received if complete else b""


def run(port: int, clients: int, warm_up_seconds: float, seconds: float) -> dict[str, float]:
    """Return requests per second and the quantiles of their times, in ms; and how many were answered in all."""
    selector = selectors.DefaultSelector()
    for client in [Client(port) for _ in range(clients)]:
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.send()
    begin_at = time.perf_counter() + warm_up_seconds
    end_at = begin_at + seconds
    times: list[float] = []
    answered = 0
    while (now := time.perf_counter()) < end_at:
        for key, _ in selector.select(timeout=end_at - now):
            client = key.data
            if not (answer := client.receive()):
                continue
            if not answer.startswith(b"HTTP/1.1 201"):
                raise SystemExit(f"Not a 201: {answer[:500]!r}")
            answered += 1
            if (answered_at := time.perf_counter()) >= begin_at:
                times.append(answered_at - client.sent_at)
            client.send()
    return {"per_second": len(times) / seconds, "answered": answered, **quantiles(times)}


def quantiles(times: list[float]) -> dict[str, float]:
    """Return p50, p99 and the longest of these seconds, in ms."""
    times = sorted(times)
    at = {"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)], "max": times[-1]}
    return {name: 1000 * seconds for name, seconds in at.items()}


if __name__ == "__main__":
    port, clients, *times = sys.argv[1:]
    print(json.dumps(run(int(port), int(clients), *map(float, times))))

"""Servers that are not the service, or stand before it: what they answer is up to the test."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.waiting import DEADLINE_SECONDS

# What goes from one connection to the next and not through.
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """What is answered to it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Answering = Callable[[Seen], Said]


@dataclass(frozen=True, slots=True)
class Pretender:
    """A server that runs, with the requests it has seen so far."""

    address: str
    seen: list[Seen]

    def posts(self) -> list[Seen]:
        return [one for one in self.seen if one.method == "POST"]


@contextmanager
def pretending(answering: Answering, tls: ssl.SSLContext | None = None) -> Iterator[Pretender]:
    """Serve these answers at a free port; what is still being answered at the end is dropped."""
    seen: list[Seen] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Seen(self.command, self.path, {name.title(): text for name, text in self.headers.items()}, body)
            seen.append(request)
            said = answering(request)
            self.send_response_only(said.status)
            headers = {"Content-Type": "application/json", "Date": formatdate(usegmt=True)} | said.headers
            for name, text in {**headers, "Content-Length": str(len(said.body)), "Connection": "close"}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(said.body)
            self.close_connection = True

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815  # the library's own names

        def log_message(self, *words: object) -> None:
            """Say nothing: `seen` tells it."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
        thread.start()
        try:
            yield Pretender(f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}", seen)
        finally:
            server.shutdown()
            thread.join()


class Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *which: object) -> None:
        """Say nothing of a client that has gone: tests kill it."""


def saying(status: int, body: bytes = b"", **headers: str) -> Answering:
    """Answer everything so."""
    return lambda seen: Said(status, body, {name.replace("_", "-"): text for name, text in headers.items()})


def passed_on(seen: Seen, port: int) -> Said:
    """Ask the service that listens on this port of our own machine; return its answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)) as connection:
        headers = {name: text for name, text in seen.headers.items() if name.lower() not in HOP_BY_HOP}
        connection.request(seen.method, seen.path, seen.body or None, {**headers, "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read()
        kept = {name.title(): text for name, text in answer.getheaders() if name.lower() not in HOP_BY_HOP}
        return Said(answer.status, body, kept)


class Holding:
    """Passes requests on to the service, and holds back its answers to POSTs until it is let go."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answered, self.let_go = threading.Event(), threading.Event()

    def __call__(self, seen: Seen) -> Said:
        said = passed_on(seen, self.port)
        if seen.method == "POST":
            self.answered.set()
            self.let_go.wait(DEADLINE_SECONDS)
        return said

"""A chat-completions server on a loopback socket: the real wire format, with the latency and the faults one asks for.

In a test: `with FakeOpenAI(faults=["rate_limit", "ok"]) as server: ... server.base_url, server.requests`.
By hand, or for a benchmark: `python -m tests.support.wire --port 0 --latency 0.2`, which prints its port.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.replies import REPLIES, Reply, error, reply_named


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class FakeOpenAI:
    """Serve on a free loopback port until closed.

    faults: names of REPLIES, or replies, one a request; then, and without them, every request is answered as usual.
    latency_seconds: time before an answer. recording: keep the requests (a benchmark would rather not).
    tls: what a server by https needs. tunnel_to: the loopback port to which it leads as a proxy, whichever is asked
    for; tunnel_status: what it says to that.
    """

    def __init__(
        self,
        *,
        faults: Iterable[str | Reply] = (),
        usual: str = "ok",
        latency_seconds: float = 0.0,
        port: int = 0,
        recording: bool = True,
        tls: ssl.SSLContext | None = None,
        tunnel_to: int = 0,
        tunnel_status: int = 200,
    ) -> None:
        self.faults: deque[str | Reply] = deque(faults)
        self.usual = usual
        self.latency_seconds = latency_seconds
        self.recording = recording
        self.requests: list[Request] = []
        self.connections = 0
        self.hung_up = 0  # requests that were taken for nothing, as their connection was to close
        self.flooded = 0  # bytes of flooding replies that somebody took
        self.released = threading.Event()  # set at the end, so that a hanging reply does not outlive the server
        self.tunnel_to = tunnel_to
        self.tunnel_status = tunnel_status
        self.tunnels: list[str] = []  # which host and port each was to lead to
        self._scheme = "https" if tls else "http"
        self._server = _Server(("127.0.0.1", port), _Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def open_connections(self) -> int:
        return len(self._server._open)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def base_url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> FakeOpenAI:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.close_all()
        self._thread.join()

    def serve_forever(self) -> None:
        self._server.serve_forever()

    def reply_to(self, request: Request) -> Reply:
        if self.recording:
            self.requests.append(request)
        if not request.path.endswith("/chat/completions"):
            return error(404, f"Invalid URL (POST {request.path})")
        try:
            name = self.faults.popleft()
        except IndexError:  # as one step: many threads ask at once
            name = self.usual
        return reply_named(name, request.body, request.headers.get("authorization", ""))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    fake: FakeOpenAI

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        """End kept-alive connections too, so that no thread waits for a next request."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that hangs up is no news here


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a small answer waits up to 40 ms
    is_stale = False
    server: _Server

    def setup(self) -> None:
        self.server.fake.connections += 1
        super().setup()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        pass

    def do_POST(self) -> None:
        fake = self.server.fake
        if self.is_stale:
            fake.hung_up += 1
            self.close_connection = True
            return
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        reply = fake.reply_to(Request(self.path, {key.lower(): value for key, value in self.headers.items()}, body))
        if fake.latency_seconds:
            time.sleep(fake.latency_seconds)
        self._send(reply)

    def do_CONNECT(self) -> None:
        fake = self.server.fake
        fake.tunnels.append(self.path)
        self.wfile.write(f"HTTP/1.1 {fake.tunnel_status} -\r\n\r\n".encode())
        self.close_connection = True
        if fake.tunnel_status != 200:
            return
        with socket.create_connection(("127.0.0.1", fake.tunnel_to)) as server:
            both = {self.connection: server, server: self.connection}
            while data := (source := select.select(list(both), [], [])[0][0]).recv(1 << 16):
                both[source].sendall(data)

    def _send(self, reply: Reply) -> None:
        head = self._head(reply)
        # Not all of it, and then either silence or the end.
        parts = {"never": b"", "stalled": head + reply.body[:20], "half a head": head[:20]}
        if reply.how in parts or reply.how == "cut short":
            self.wfile.write(parts.get(reply.how, parts["stalled"]))
            if reply.how in ("never", "stalled"):
                self.server.fake.released.wait()
            self.close_connection = True
        elif reply.how == "reset":
            self._reset()
        elif reply.how == "dripping":
            self.wfile.write(head)
            self._drip(reply.body)
        elif reply.how == "dripping headers":
            self._drip(head + reply.body)
        elif reply.how == "continuing":
            while not self.server.fake.released.is_set():
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
        elif reply.how == "flooding":
            self._flood(reply)
        else:
            self.wfile.write(head + reply.body)  # one write, one packet
            self.close_connection = reply.how == "closing"
            self.is_stale = reply.how == "closing later"

    def _head(self, reply: Reply) -> bytes:
        headers = {"content-type": reply.content_type, "content-length": str(len(reply.body)), **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} -", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode()

    def _reset(self) -> None:
        # Closing with a linger time of zero sends RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _drip(self, data: bytes) -> None:
        """Send a byte now and then: each arrives in time, the whole never does."""
        for byte in data:
            if self.server.fake.released.wait(0.02):
                break
            self.wfile.write(bytes([byte]))
        self.close_connection = True

    def _flood(self, reply: Reply) -> None:
        """Send piece by piece, until nobody takes any more."""
        self.wfile.write(self._head(reply))
        for at in range(0, len(reply.body), 1 << 16):
            self.server.fake.flooded += self.wfile.write(reply.body[at : at + (1 << 16)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--faults", default="", help=f"comma-separated, one a request: {', '.join(REPLIES)}")
    options = parser.parse_args()
    server = FakeOpenAI(
        faults=filter(None, options.faults.split(",")),
        latency_seconds=options.latency,
        port=options.port,
        recording=False,
    )
    print(server.port, flush=True)
    with suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()

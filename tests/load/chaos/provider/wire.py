"""The provider's port, which may be closed and opened again, and the ways of a server that never ends its answer."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from typing import Any

from tests.support.replies import Reply
from tests.support.servers import free_port

# Longer than anybody waits, and short enough that no thread of ours stays for long.
NEVER_SECONDS = 30.0
DRIP_SECONDS = 0.1


class Wire:
    """`reply_to` is given the body of each request, in a thread of its own."""

    def __init__(self, reply_to: Callable[[dict[str, Any]], Reply]) -> None:
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self._reply_to = reply_to
        self._server: _Server | None = None

    def open(self) -> None:
        if not self._server:
            self._server = _Server(self.port, self._reply_to)
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on, and cut those that are open."""
        if self._server:
            self._server.end()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, reply_to: Callable[[dict[str, Any]], Reply]) -> None:
        self.reply_to = reply_to
        self.is_over = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def end(self) -> None:
        self.is_over.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that hangs up is no news here


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a small answer waits up to 40 ms
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        reply = self.server.reply_to(json.loads(body))
        head = self._head(reply)
        if reply.how == "at once":
            self.wfile.write(head + reply.body)  # one write, one packet
            return
        self.close_connection = True
        if reply.how == "never":
            self.server.is_over.wait(NEVER_SECONDS)
        elif reply.how == "headers drip":
            self._drip(bytes([byte]) for byte in head[:-2] + b"x-drip: " + b"." * 1000)
        elif reply.how == "1xx for ever":
            self._drip(repeat(b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n"))
        else:
            if reply.how == "reset after headers":
                self.wfile.write(head)
            self._reset()

    def _head(self, reply: Reply) -> bytes:
        headers = {"content-type": reply.content_type, "content-length": str(len(reply.body)), **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} -", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode()

    def _drip(self, pieces: Iterable[bytes]) -> None:
        """Send a piece now and then: there is always news, and never an end."""
        for _, piece in zip(range(int(NEVER_SECONDS / DRIP_SECONDS)), pieces, strict=False):
            if self.server.is_over.wait(DRIP_SECONDS):
                return
            self.wfile.write(piece)

    def _reset(self) -> None:
        # Closing with a linger time of zero sends RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

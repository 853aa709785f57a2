"""What is kept of clients that are slow: until when they are waited for, and what they have not taken yet."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from gunicorn.workers.gthread import TConn

# A longer answer waits in its thread for its client, who is given up on after so many seconds without taking a part.
MAX_ANSWER_BYTES = 8 * 1024 * 1024
ANSWER_SECONDS = 30


class Waiting:
    """Connections that wait for their clients, the one that waits longest first."""

    def __init__(self) -> None:
        self._since: dict[TConn, float] = {}

    def __contains__(self, conn: TConn) -> bool:
        return conn in self._since

    def __iter__(self) -> Iterator[TConn]:
        return iter(self._since)

    def add(self, conn: TConn) -> None:
        """Wait for it from now on, behind all others."""
        self.remove(conn)
        self._since[conn] = time.monotonic()

    def remove(self, conn: TConn) -> None:
        self._since.pop(conn, None)

    def overdue(self, seconds: float) -> list[TConn]:
        """Return those that wait longer than that."""
        before = time.monotonic() - seconds
        return [conn for conn, since in self._since.items() if since < before]


class Answer:
    """A socket that sends what its client takes at once, and keeps the rest."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.unsent = bytearray()
        sock.setblocking(False)

    def __getattr__(self, name: str) -> object:
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        self.unsent += data
        send_some(self._sock, self.unsent)
        if len(self.unsent) > MAX_ANSWER_BYTES:
            self._sock.settimeout(ANSWER_SECONDS)
            while self.unsent:  # not `sendall`, whose time is for the whole
                del self.unsent[: self._sock.send(self.unsent)]
            self._sock.setblocking(False)


class Kept:
    """In the place of a socket: what is sent is only kept."""

    def __init__(self) -> None:
        self.data = bytearray()

    def sendall(self, data: bytes) -> None:
        self.data += data

    def setblocking(self, is_blocking: bool) -> None:
        pass

    def gettimeout(self) -> None:
        return None


def send_some(sock: socket.socket, unsent: bytearray) -> None:
    """Send of this what the client takes now, and leave the rest."""
    try:
        while unsent:
            del unsent[: sock.send(unsent)]
    except BlockingIOError:
        pass


def receive_some(sock: socket.socket) -> bytes | None:
    """Return what has come; None for nothing yet, empty if nothing will."""
    try:
        return sock.recv(64 * 1024)
    except BlockingIOError:
        return None

"""gunicorn's worker with threads, in which no thread waits for a client.

gunicorn gives a thread to a connection with its first byte. So sixteen clients that never send the rest of their
request, or do not read their answer, stop the server; and its loop waits for each client to hang up. Here the loop
gathers a request until it is whole, hands on what a client is slow to read, and waits for nobody.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ, EVENT_WRITE

from django.core.exceptions import ImproperlyConfigured
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn, ThreadWorker

from devlog_project.api.origin import HEADER, Origin, asked_by, new_id
from devlog_project.ops import csp
from devlog_project.ops.serving.clients import ANSWER_SECONDS, Answer, Kept, Waiting, receive_some, send_some
from devlog_project.ops.serving.incoming import IncomingRequest

# For a whole request: what an entry of 20,000 letters takes over a line of 3 kB a second.
REQUEST_SECONDS = 30
# Until a client that has its answer hangs up; and once the process stops, until a request must be whole.
LEAVING_SECONDS = 2
# Of answers that wait for their clients, all together.
MAX_UNSENT_BYTES = 64 * 1024 * 1024
# Of large requests that are not answered yet, all together.
MAX_GATHERED_BYTES = 64 * 1024 * 1024
# Answered by a thread of its own: a wait that keeps all others busy must not look like a process that is dead.
LIVENESS = (b"GET /healthz ", b"GET /livez ")

# What to do about a request that gunicorn does not read, with its own limits.
WAYS_OUT = {
    400: "This is no valid HTTP request. In an address all but ASCII is escaped (%C3%A4; curl --data-urlencode).",
    414: "The line with the address holds at most {0.limit_request_line:,} bytes: ask for less at a time.",
    431: "At most {0.limit_request_fields} headers are read, of {0.limit_request_field_size:,} bytes each.",
}

Step = Callable[[TConn], None]


def refusal(status: HTTPStatus, detail: str, request_id: str = "") -> bytes:
    """Return the bytes of a whole answer, after which the connection ends."""
    body = json.dumps({"type": "about:blank", "title": status.phrase, "status": status, "detail": detail})
    own = {"Connection": "close", "Content-Type": "application/problem+json", "Content-Length": len(body)}
    headers = {**own, HEADER: request_id or new_id(), **csp.HEADERS}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status} {status.phrase}", *lines, "", body]).encode()


class WholeRequestWorker(ThreadWorker):
    """gunicorn's worker, in which a connection has a thread only while there is something to do for it.

    A connection carries its `request`, what is `unsent` of its answer, and what to do `then`. All but `handle_request`
    is done by the loop alone.
    """

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)
        self.gathering, self.answering, self.leaving = Waiting(), Waiting(), Waiting()
        self.large: set[TConn] = set()
        self.liveness_pool = ThreadPoolExecutor(max_workers=1)

    @classmethod
    def check_config(cls, cfg: Config, log: Logger) -> None:
        if cfg.is_ssl:
            raise ImproperlyConfigured("TLS is for a proxy in front; or take --worker-class=gthread, which does wait.")
        super().check_config(cfg, log)

    def accept(self, listener: socket.socket) -> None:
        super().accept(listener)
        if self.nr_conns >= self.worker_connections:  # room for the next, who may be quicker
            for conn in [*self.leaving, *self.gathering, *self.answering][:1]:
                self._drop(conn)

    def murder_pending(self) -> None:
        """Give up on clients whose time is over; gunicorn's loop calls it at least once a second."""
        for conn in self.gathering.overdue(REQUEST_SECONDS if self.alive else LEAVING_SECONDS):
            self._do(
                partial(self._refuse, status=HTTPStatus.REQUEST_TIMEOUT) if conn.request.data else self._drop, conn
            )
        for conn in [*self.answering.overdue(ANSWER_SECONDS), *self.leaving.overdue(LEAVING_SECONDS)]:
            self._drop(conn)

    # -- a request ---------------------------------------------------------------------------------------------------

    def enqueue_req(self, conn: TConn) -> None:
        """Gather the connection's next request; a thread gets it once it is whole."""
        if not conn.initialized:  # the parser reads what we give it, and never the socket
            conn.parser, conn.initialized = get_parser(self.cfg, iter(()), conn.client), True
        conn.request, conn.unsent = IncomingRequest(), bytearray()
        sent_already = conn.parser.unreader.take_buffered()
        self._do(partial(self._take, data=sent_already) if sent_already else self._gather, conn)

    def _gather(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        data = receive_some(conn.sock)
        if data is None:
            self._wait(self.gathering, conn, EVENT_READ, self._gather)
        elif data:
            self._take(conn, data)
        else:
            self._drop(conn)

    def _take(self, conn: TConn, data: bytes) -> None:
        request = conn.request
        request.add(data)
        if request.refusal:
            self._refuse(conn, request.refusal)
        elif request.is_large and self._has_too_much(conn):
            self._refuse(conn, HTTPStatus.SERVICE_UNAVAILABLE)
        elif request.is_whole:
            self._forget(conn)
            conn.parser.unreader.unread(bytes(request.data))
            pool = self.liveness_pool if request.data.startswith(LIVENESS) else self.tpool
            done = pool.submit(self.handle, conn)
            done.add_done_callback(lambda future: self.method_queue.defer(self.finish_request, conn, future))
        else:
            if request.take_expectation():
                send_some(conn.sock, bytearray(b"HTTP/1.1 100 Continue\r\n\r\n"))
            self._wait(self.gathering, conn, EVENT_READ, self._gather)

    def _has_too_much(self, conn: TConn) -> bool:
        self.large.add(conn)
        return sum(len(each.request.data) for each in self.large) > MAX_GATHERED_BYTES

    def _refuse(self, conn: TConn, status: HTTPStatus) -> None:
        """Answer what will be no request, and leave."""
        conn.unsent += refusal(status, status.description)
        conn.then = self._leave
        self._forget(conn)
        self._send(conn)

    def handle_error(self, req: object, client: socket.socket, addr: object, exc: BaseException) -> None:
        """Have gunicorn log what it could not read, and answer a problem in the place of its page."""
        page, request_id = Kept(), new_id()
        with asked_by(Origin(request_id)):
            super().handle_error(req, page, addr, exc)
        status = HTTPStatus(int(page.data.split()[1]))
        with suppress(OSError):
            client.setblocking(False)
            words = WAYS_OUT.get(status, status.description).format(self.cfg)
            send_some(client, bytearray(refusal(status, words, request_id)))

    # -- its answer --------------------------------------------------------------------------------------------------

    def handle_request(self, req: object, conn: TConn) -> object:
        """Have it answered, in a thread, and keep what the client does not take at once."""
        sock, conn.sock = conn.sock, Answer(conn.sock)
        try:
            return super().handle_request(req, conn)
        finally:
            conn.unsent, conn.sock = conn.sock.unsent, sock

    def finish_request(self, conn: TConn, fs: Future[object]) -> None:
        self.large.discard(conn)
        is_kept = not fs.cancelled() and not fs.exception() and fs.result()
        conn.then = partial(super().finish_request, fs=fs) if is_kept else self._leave
        self._do(self._send, conn)

    def _send(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        before = len(conn.unsent)
        send_some(conn.sock, conn.unsent)
        if not conn.unsent:
            self._forget(conn)
            conn.then(conn)
            return
        self._wait(self.answering, conn, EVENT_WRITE, self._send)
        if len(conn.unsent) < before:  # it reads, however slowly
            self.answering.add(conn)
        if sum(len(each.unsent) for each in self.answering) > MAX_UNSENT_BYTES:
            self._drop(conn)

    def _leave(self, conn: TConn) -> None:
        """Say that nothing follows, and wait for the client to hang up: else it may lose the end of its answer."""
        conn.sock.shutdown(socket.SHUT_WR)
        self._wait(self.leaving, conn, EVENT_READ, self._listen)

    def _listen(self, conn: TConn) -> None:
        if receive_some(conn.sock) == b"":
            self._drop(conn)

    # -- any connection ----------------------------------------------------------------------------------------------

    def _do(self, step: Step, conn: TConn) -> None:
        """Take this step; a client that is gone is dropped."""
        try:
            step(conn)
        except OSError:
            self._drop(conn)

    def _wait(self, where: Waiting, conn: TConn, event: int, then: Step) -> None:
        """Have this done when the client has sent something, or takes something."""

        def wake(_: object) -> None:
            if conn in where:  # not dropped, a moment ago, for another
                self._do(then, conn)

        if conn not in where:
            where.add(conn)
            self.poller.register(conn.sock, event, wake)

    def _forget(self, conn: TConn) -> None:
        """Wait for it no more."""
        for where in (self.gathering, self.answering, self.leaving):
            if conn in where:
                where.remove(conn)
                self.poller.unregister(conn.sock)

    def _drop(self, conn: TConn) -> None:
        self._forget(conn)
        self.large.discard(conn)
        self.nr_conns -= 1
        conn.close()

"""gunicorn, as it is configured here, waits for no client: beside many slow ones, others are answered."""

import json
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import pytest

from devlog_project.ops.serving import clients
from devlog_project.ops.serving.clients import MAX_ANSWER_BYTES, Answer
from tests.support.servers import Server
from tests.support.site import Site
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="gunicorn is not for Windows")

# More than there are threads.
MANY = 40
BODY = json.dumps({"entry": "Wrote a Django app."}).encode()
POST = b"POST /api/v1/devlogs/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
WHOLE = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
SCRIPT = (
    b"GET /static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
)
SLOW = {
    "send nothing": b"",
    "send half a head": WHOLE[:60],
    "send half a body": WHOLE[:-5],
    "send half a body in chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "do not hang up": b"GET /api/v1/tags/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "do not read": SCRIPT,
}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("slow")) as site:
        site.migrate()
        yield site


@pytest.fixture(scope="module")
def server(site) -> Server:
    return site.serve("gunicorn").wait_until_it_answers()


@contextmanager
def client(server: Server, data: bytes, *, receives_at_once: int = 0) -> Iterator[socket.socket]:
    with closing(socket.socket()) as connection:
        if receives_at_once:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives_at_once)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(data)
        yield connection


@contextmanager
def many(server: Server, data: bytes, **options: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(client(server, data, **options)) for _ in range(MANY)]


def answers(connection: socket.socket, count: int = 1) -> list[tuple[int, bytes]]:
    """Return the status and body of so many answers with a length."""
    received, found = b"", []
    while len(found) < count:
        head, end, rest = received.partition(b"\r\n\r\n")
        _, has_length, length = head.lower().partition(b"content-length:")
        size = int(length.split(b"\r\n")[0]) if has_length else 0
        if end and len(rest) >= size:
            found.append((int(head.split()[1]), rest[:size]))
            received = rest[size:]
        else:
            part = connection.recv(65536)
            assert part, f"It hung up after {received[:200]!r}"
            received += part
    return found


@pytest.mark.parametrize("line", ["GET /api/v1/devlogs/?tag=日本語 HTTP/1.1", "GET /%00 HTTP/9.9", "G:T / HTTP/1.1"])
def test_what_is_no_http_is_answered_by_a_problem(server, line):
    with client(server, f"{line}\r\nHost: localhost\r\n\r\n".encode()) as connection:
        ((status, body),) = answers(connection)
        assert connection.recv(1) == b""

    assert (status, json.loads(body)["status"], "--data-urlencode" in json.loads(body)["detail"]) == (400, 400, True)
    assert server.get("/healthz").status == 200


@pytest.mark.parametrize("what", SLOW)
def test_others_are_answered_beside_many_clients_that(server, what):
    with many(server, SLOW[what], receives_at_once=2048 if what == "do not read" else 0):
        statuses = [server.get(path).status for path in ("/healthz", "/readyz", "/api/v1/tags/")]
        server.post("Wrote a Django app.")

    assert statuses == [200] * 3


def test_a_request_that_comes_in_small_pieces_is_answered(server):
    with client(server, WHOLE[:1]) as connection:
        for at in range(1, len(WHOLE), 7):
            connection.sendall(WHOLE[at : at + 7])
            server.get("/healthz")  # what was sent has arrived

        assert answers(connection)[0][0] == 201


def test_requests_that_come_together_are_answered_in_their_order(server):
    with client(server, WHOLE + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + WHOLE[:50]) as connection:
        assert [status for status, _ in answers(connection, 2)] == [201, 200]
        connection.sendall(WHOLE[50:])
        assert answers(connection)[0][0] == 201


def test_an_answer_that_is_not_read_at_once_comes_whole(server):
    with many(server, SCRIPT, receives_at_once=2048) as connections:
        server.get("/healthz")

        ((status, script),) = answers(connections[-1])

    assert (status, len(script) > 1_000_000) == (200, True)
    assert script == server.request("GET", SCRIPT.split()[1].decode()).text.encode()


def test_what_a_client_does_not_take_of_its_answer_is_kept_and_holds_nobody_up():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        answer = Answer(ours)

        answer.sendall(5_000_000 * b"x")
        answer.sendall(b"y")

        assert answer.unsent.endswith(b"xy")
        assert len(answer.unsent) + len(theirs.recv(5_000_000)) <= 5_000_001


def test_a_client_that_takes_a_long_answer_slowly_gets_it_whole(monkeypatch):
    monkeypatch.setattr(clients, "ANSWER_SECONDS", 0.5)
    size, pause, received = 2 * MAX_ANSWER_BYTES, threading.Event(), []
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)

    def take() -> None:
        while sum(received) < size:
            pause.wait(0.005)  # all of it takes longer than the time for a part
            received.append(len(theirs.recv(64 * 1024)))

    with ours, theirs, ThreadPoolExecutor() as pool:
        taking = pool.submit(take)
        Answer(ours).sendall(size * b"x")
        taking.result(timeout=30)

    assert sum(received) == size


def test_a_client_that_takes_nothing_of_a_long_answer_is_given_up_on(monkeypatch):
    monkeypatch.setattr(clients, "ANSWER_SECONDS", 0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        Answer(ours).sendall(2 * MAX_ANSWER_BYTES * b"x")


def test_a_client_that_asks_before_it_sends_its_body_is_told_to(server):
    head, _, body = WHOLE.partition(b"\r\n\r\n")
    with client(server, head + b"\r\nExpect: 100-continue\r\n\r\n") as connection:
        assert answers(connection) == [(100, b"")]
        connection.sendall(body)

        assert [status for status, _ in answers(connection, 2)][-1] == 201


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (POST + b"Content-Length: 10000000\r\n\r\n", 413),
        (POST + b"A: " + b"a" * 70_000, 431),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_what_cannot_become_a_request_is_refused_at_once(server, data, status):
    with client(server, data) as connection:
        assert answers(connection)[0][0] == status


def test_the_process_is_seen_to_live_while_all_its_threads_wait_for_the_database(site, server):
    with closing(sqlite3.connect(site.database)) as database:
        database.execute("BEGIN IMMEDIATE")
        with many(server, WHOLE) as waiting:
            assert server.get("/healthz").status == 200
            database.rollback()

            assert {answers(connection)[0][0] for connection in waiting} == {201}


def test_half_a_request_ends_by_itself_and_one_that_never_began_without_a_word(site):
    server = site.serve("gunicorn", "--config", "python:tests.support.hasty_gunicorn").wait_until_it_answers()

    with client(server, WHOLE[:-5]) as half, client(server, b"") as nothing:
        ((status, body),) = answers(half)
        assert (status, json.loads(body)["status"], half.recv(1)) == (408, 408, b"")
        assert nothing.recv(1) == b""


def test_half_requests_do_not_hold_up_the_end_of_the_server(site):
    server = site.serve("gunicorn").wait_until_it_answers()

    with many(server, WHOLE[:-5]):
        server.signal(signal.SIGTERM)

        assert server.wait_until_it_ended(20) == 0


def test_more_clients_than_there_is_room_for_take_the_places_of_those_that_wait_longest(site):
    server = site.serve("gunicorn", "--worker-connections=20").wait_until_it_answers()

    with many(server, WHOLE[:-5]) as connections:
        server.post("Wrote a Django app.")

        eventually(lambda: connections[0].recv(1) == b"", "the end of the first")
        connections[-1].sendall(WHOLE[-5:])
        assert answers(connections[-1])[0][0] == 201


def test_tls_is_refused_with_the_way_out(site):
    server = site.serve("gunicorn", "--certfile=manage.py")

    assert server.wait_until_it_ended() == 1
    assert "take --worker-class=gthread" in server.log()

"""What a connection may do: never end, and be gone when it is needed again."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from tagging.extraction.base import ErrorCode
from tests.support.model import ENTRY, failure
from tests.support.replies import Reply
from tests.support.waiting import eventually
from tests.support.wire import FakeOpenAI

# --- one deadline for a whole call -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hang", "stalled", "dripping", "dripping_headers", "continuing"])
def test_a_call_ends_at_its_deadline_whatever_comes_in_meanwhile(on_socket, name):
    with FakeOpenAI(faults=[name]) as server:
        began_at = time.monotonic()
        error = failure(on_socket(server, timeout_seconds=0.4))
        took = time.monotonic() - began_at

    assert (error.code, error.permanent, error.waiting_for) == (ErrorCode.TIMEOUT, False, None)
    assert took < 10  # the deadline, and the first import; each of these replies would take longer


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_request_that_nobody_reads_or_too_slowly_ends_at_the_deadline(on_socket, silent_listener, is_slow):
    asking = on_socket(silent_listener, timeout_seconds=0.4)
    if is_slow:
        silent_listener.read_slowly(0.004)  # each piece in time, all of it in two seconds

    error = failure(asking, "Django " * 1_200_000)  # more than all buffers hold

    assert error.code == ErrorCode.TIMEOUT
    assert (error.input_tokens, error.output_tokens) == (0, 0)  # it was given up before all of it was sent


def test_a_handshake_that_never_comes_ends_at_the_deadline(on_socket, silent_listener):
    silent_listener.base_url = silent_listener.base_url.replace("http:", "https:")
    began_at = time.monotonic()

    error = failure(on_socket(silent_listener, timeout_seconds=0.4))

    assert time.monotonic() - began_at < 10
    assert error.code == ErrorCode.TIMEOUT
    assert (error.input_tokens, error.output_tokens) == (0, 0)


def test_an_answer_that_is_complete_in_time_is_read_however_slowly_it_came(on_socket):
    slow = Reply(200, b'{"choices": [{"message": {"content": "{\\"technologies\\": []}"}}]}', how="dripping")

    with FakeOpenAI(faults=[slow]) as server:
        assert on_socket(server, timeout_seconds=30).extract(ENTRY).technologies == []


def test_each_address_of_a_name_is_tried(monkeypatch, on_socket):
    with FakeOpenAI() as server:
        look_up = socket.getaddrinfo
        found = [look_up(address, server.port, type=socket.SOCK_STREAM)[0] for address in ("127.0.0.2", "127.0.0.1")]
        names = {"model.example": found}
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *of, **by: names.get(host) or look_up(host, *of, **by))
        named = SimpleNamespace(base_url=f"http://model.example:{server.port}/v1")

        assert len(on_socket(named).extract(ENTRY).technologies) == 2


def test_a_name_without_an_address_is_unreachable(on_socket):
    named = SimpleNamespace(base_url="http://model.invalid/v1")

    assert failure(on_socket(named)).code == ErrorCode.UNREACHABLE


# --- stale connections -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["closing", "closing_later"])
def test_a_connection_that_the_server_closed_unsaid_costs_no_attempt(on_socket, name):
    with FakeOpenAI(faults=[name] * 5) as server:
        asking = on_socket(server)

        extractions = [asking.extract(ENTRY) for _ in range(5)]

    assert [len(extraction.technologies) for extraction in extractions] == [2] * 5
    assert len(server.requests) == 5
    assert server.hung_up == (4 if name == "closing_later" else 0)


def test_a_request_is_sent_again_on_a_new_connection_not_on_another_stale_one(on_socket):
    with FakeOpenAI(faults=["closing_later"] * 6, latency_seconds=0.2) as server, ThreadPoolExecutor(3) as pool:
        asking = on_socket(server)
        list(pool.map(asking.extract, [ENTRY] * 3))  # three connections, all to break at their next request

        assert [len(one.technologies) for one in pool.map(asking.extract, [ENTRY] * 3)] == [2] * 3


def test_calls_one_after_the_other_share_a_connection_whatever_thread_makes_them(on_socket):
    with FakeOpenAI() as server:
        asking = on_socket(server)
        for _ in range(4):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(asking.extract, ENTRY).result()

    assert server.connections == 1


def test_connections_that_no_call_needs_any_more_are_closed(on_socket, monkeypatch):
    monkeypatch.setattr("tagging.extraction.openai.connections.IDLE_SECONDS", 0.0)
    with FakeOpenAI(latency_seconds=0.2) as server, ThreadPoolExecutor(3) as pool:
        asking = on_socket(server)
        list(pool.map(asking.extract, [ENTRY] * 3))
        asking.extract(ENTRY)

        eventually(lambda: server.open_connections() <= 1, "the end of those that lie idle")


def test_a_call_resends_once_at_most(on_socket):
    with FakeOpenAI(faults=["closing_later", "reset"]) as server:
        asking = on_socket(server)
        asking.extract(ENTRY)

        error = failure(asking)

    assert error.code == ErrorCode.UNREACHABLE
    assert (server.hung_up, len(server.requests)) == (1, 2)


def test_a_kept_connection_that_breaks_while_the_model_works_is_not_tried_again(monkeypatch, on_socket):
    monkeypatch.setattr("tagging.extraction.openai.wire.STALE_SECONDS", 0.1)
    with FakeOpenAI(faults=["ok", "reset"], latency_seconds=0.3) as server:
        asking = on_socket(server)
        asking.extract(ENTRY)

        error = failure(asking)

    assert error.code == ErrorCode.UNREACHABLE
    assert error.input_tokens > 0  # it may have been paid
    assert len(server.requests) == 2


@pytest.mark.parametrize("name", ["reset", "cut_short"])
def test_a_new_connection_that_breaks_is_not_tried_again(on_socket, name):
    with FakeOpenAI(faults=[name]) as server:
        error = failure(on_socket(server))

    assert error.code == ErrorCode.UNREACHABLE
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["half_a_head", "cut_short"])
def test_an_answer_that_breaks_off_on_a_kept_connection_is_not_asked_for_again(on_socket, name):
    with FakeOpenAI(faults=["ok", name]) as server:
        asking = on_socket(server)
        asking.extract(ENTRY)

        error = failure(asking)

    assert error.code == ErrorCode.UNREACHABLE
    assert len(server.requests) == 2


def test_a_kept_connection_serves_the_next_call(on_socket):
    with FakeOpenAI() as server:
        asking = on_socket(server)
        before = threading.active_count()
        asking.extract(ENTRY)
        asking.extract(ENTRY)

        assert threading.active_count() == before + 1  # the server has a thread for each connection

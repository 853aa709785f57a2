"""The log of a real server: no client writes a line of its own there, none is obeyed by a terminal."""

import base64
import json
import logging
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from devlog_project.ops import logs
from tests.support.servers import Server
from tests.support.site import Site

# What a line of the log begins with, ours and gunicorn's; a traceback's are set in.
BEGINNING = re.compile(r"\[?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|    |$")
FORGED = "2026-01-01 00:00:00,000 CRITICAL forged all is lost"
PLANTED = f"a\r\n{FORGED}\x1b[2J\x1b]0;owned\x07\x85\u2028b"
ESCAPED = "a%0d%0a2026-01-01%2000:00:00,000%20CRITICAL%20forged%1b[2Jb"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with Site(tmp_path_factory.mktemp("log"), DEBUG="off", LOG_LEVEL="DEBUG", LOG_FORMAT="text") as site:
        site.migrate()
        yield site.serve("gunicorn").wait_until_it_answers()


@contextmanager
def connected(server):
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=30)) as connection:
        yield connection


def said(server: Server, request: bytes) -> bytes:
    with connected(server) as connection:
        connection.sendall(request)
        return connection.recv(65536)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="gunicorn is not for Windows")
@pytest.mark.parametrize(
    "request_line, header",
    [
        (f"GET /{ESCAPED}/", ""),
        (f"GET /api/v1/{ESCAPED}/", ""),
        (f"GET /admin/tagging/tag/{ESCAPED}/change/", ""),
        (f"PUT /api/v1/devlogs/1/tags/{ESCAPED}/", ""),
        (f"GET /?q={ESCAPED}", ""),
        (f"POST /{ESCAPED}/", f"Origin: https://{ESCAPED}"),
        ("GET /", f"Host: {ESCAPED}"),
        ("GET /", "Host: a\x1b[2Jb"),
        ("GET /", f"X-Forwarded-For: {ESCAPED}"),
        ("GET /", f"X: a\r\n{FORGED}"),
        (f"GET /{FORGED}", ""),
        ("GET\x1b[2J /", ""),
        ("POST /api/v1/auth/login/", f"Authorization: Basic {base64.b64encode(f'{PLANTED}:x'.encode()).decode()}"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_request_leaves_no_line_that_it_wrote_itself(server, request_line, header):
    host = "" if header.startswith("Host") else "Host: localhost\r\n"

    assert said(server, f"{request_line} HTTP/1.1\r\n{host}Connection: close\r\n{header}\r\n\r\n".encode())

    lines = server.log().split("\n")
    assert [line for line in lines if not BEGINNING.match(line)] == []
    assert [line for line in lines if FORGED[:40] in line[:60] or "\x1b" in line or "\r" in line] == []


@pytest.mark.parametrize("path", ["//evil.example", "//evil.example/stack", "//evil.example/..%2f", "/\\evil.example"])
def test_an_address_that_looks_like_a_host_leads_nowhere(server, path):
    answer = said(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n".encode())

    assert answer.split()[1] == b"404"
    assert b"location:" not in answer.lower()


def written(**record):
    handler = logs.ConsoleHandler()
    handler.setFormatter(logs.Text())
    return handler.format(logging.makeLogRecord({"name": "tagging", **record})).partition(" tagging ")[2]


def test_json_holds_one_line_for_each_record():
    handler = logs.ConsoleHandler()
    handler.setFormatter(logs.Json())

    line = handler.format(logging.makeLogRecord({"name": "tagging", "msg": PLANTED}))

    assert "\n" not in line
    assert "\x1b" not in line
    assert json.loads(line)["message"] == PLANTED


def test_what_a_message_holds_besides_text_is_written_out():
    assert written(msg="The queue was paused by %s", args=(PLANTED,)) == (
        f"The queue was paused by a\\r\n    {FORGED}\\x1b[2J\\x1b]0;owned\\x07\\x85\\u2028b"
    )


def test_the_text_of_an_error_that_a_developer_sees_is_set_in_like_its_traceback(settings):
    settings.DEBUG = True
    try:
        raise ValueError(PLANTED)
    except ValueError as error:
        text = written(msg="It failed", exc_info=(type(error), error, error.__traceback__))

    first, *more = text.split("\n")
    assert (first, {line[:4] for line in more}) == ("It failed", {"    "})
    assert FORGED in text


def test_a_text_of_several_languages_stays_as_it_is():
    assert written(msg="Grüße, Здравствуй, 你好\t🙂") == "Grüße, Здравствуй, 你好\t🙂"

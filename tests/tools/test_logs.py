"""What the console shows of a database that is away, and of all else."""

import io
import logging
import sys

import pytest
from django.db import OperationalError

from devlog_project.ops import logs


@pytest.fixture
def handler(monkeypatch):
    handler = logs.ConsoleHandler()
    handler.setStream(io.StringIO())
    return handler


def record(error=None, name="django.request", message="Internal Server Error: /api/v1/devlogs/", **more):
    try:
        if error:
            raise error
    except Exception:
        return logging.makeLogRecord({"name": name, "msg": message, "exc_info": sys.exc_info(), **more})
    return logging.makeLogRecord({"name": name, "msg": message, **more})


def written(handler):
    return handler.stream.getvalue().splitlines()


def test_an_error_of_the_database_is_one_line_however_many_requests_meet_it(handler):
    for _ in range(100):
        handler.handle(record(OperationalError("database or disk is full\nDETAIL: an entry")))

    (line,) = written(handler)
    assert "OperationalError: database or disk is full" in line
    assert "an entry" not in line


def test_it_is_counted_once_it_has_ended(handler, monkeypatch):
    for _ in range(3):
        handler.handle(record(OperationalError("gone")))
    monkeypatch.setattr(logs, "QUIET_SECONDS", 0.0)

    handler.handle(record(name="tagging", message="The worker works again"))

    assert written(handler)[1:] == ["OperationalError: gone: ended after 2 repeats", "The worker works again"]


def test_another_error_keeps_its_traceback_each_time(handler):
    for _ in range(2):
        handler.handle(record(ZeroDivisionError("a bug")))

    assert handler.stream.getvalue().count("Traceback (most recent call last)") == 2


def test_a_readiness_that_says_503_again_and_again_is_one_line(handler):
    for _ in range(3):
        handler.handle(record(message="Service Unavailable: /readyz", status_code=503))

    assert len(written(handler)) == 1

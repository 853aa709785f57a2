"""What the console shows of a database that is away, and of all else."""

import io
import json
import logging
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from devlog_project.ops import logs
from tests.support.site import Site


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


# -- what a line says ------------------------------------------------------------------------------------------------


@pytest.fixture
def as_json(handler):
    """Return a function that has a record written and gives its line."""
    handler.setFormatter(logs.Json())

    def write(**fields):
        handler.handle(record(fields.pop("error", None), **({"name": "tagging.x", "message": "said"} | fields)))
        return json.loads(written(handler)[-1])

    return write


def test_a_line_of_json_says_when_in_utc_how_grave_who_and_what(as_json):
    line = as_json(created=1764415795.25, levelname="WARNING", job=7, attempt=2, code="timeout", request_id="mine")

    assert line == {
        "timestamp": "2025-11-29T11:29:55.250Z",
        "level": "WARNING",
        "logger": "tagging.x",
        "message": "said",
        "request_id": "mine",
        "job": 7,
        "attempt": 2,
        "code": "timeout",
    }


def test_what_others_put_beside_their_message_stays_out(as_json):
    line = as_json(name="library", job="an entry", code="an entry", entry="an entry", request="<GET '/?q=an entry'>")

    assert [*line] == ["timestamp", "level", "logger", "message"]


def test_a_message_of_several_lines_is_one_line_of_json(as_json):
    assert as_json(message='one\ntwo "three"')["message"] == 'one\ntwo "three"'


def test_a_message_whose_values_do_not_fit_is_shown_without_them(as_json, capsys):
    assert as_json(message="%d dev-logs", args=("an entry",))["message"] == "%d dev-logs"
    assert capsys.readouterr().err == ""


def test_what_an_error_says_is_left_out_where_it_may_be_an_entry(as_json):
    line = as_json(error=ZeroDivisionError("an entry"), message="failed")

    assert line["traceback"].endswith("ZeroDivisionError")
    assert "in record" in line["traceback"]


@pytest.mark.parametrize("error", [ImproperlyConfigured("SECRET_KEY is not set."), ImportError("No module named x")])
def test_what_an_error_says_stays_where_it_names_the_way_out(as_json, error):
    assert str(error) in as_json(error=error)["traceback"]


def test_a_developer_sees_what_an_error_says_and_what_was_looked_for(as_json, settings):
    settings.DEBUG = True
    line = as_json(error=ZeroDivisionError("an entry"), message='"GET /api/v1/devlogs/?q=words" 200')

    assert line["traceback"].endswith("ZeroDivisionError: an entry")
    assert "?q=words" in line["message"]


@pytest.mark.parametrize(
    "message, shown",
    [
        ('"GET /api/v1/devlogs/?q=words&page=2 HTTP/1.1" 200', '"GET /api/v1/devlogs/?… HTTP/1.1" 200'),
        ("asked https://h:1/x?token=t", "asked https://h:1/x?…"),
        ("What now? Wait.", "What now? Wait."),
    ],
)
def test_the_query_of_an_address_is_left_out(as_json, message, shown):
    assert as_json(message=message)["message"] == shown


def test_causes_are_told_in_their_order_and_a_circle_of_them_ends(as_json):
    first, second = KeyError("an entry"), ValueError("an entry")
    first.__context__, second.__cause__ = second, first

    told = as_json(error=second)["traceback"]

    assert [line for line in told.splitlines() if line.endswith("Error")] == ["KeyError", "ValueError"]
    assert "an entry" not in told


def test_a_line_for_people_ends_with_the_number_of_its_request(handler):
    handler.setFormatter(logs.Text())

    handler.handle(record(name="tagging.x", message="said", request_id="mine", levelname="INFO"))

    assert written(handler)[0].endswith(" INFO tagging.x said request_id=mine")


@pytest.mark.parametrize(
    "environment, first",
    [({}, "{"), ({"DEBUG": "on"}, "2"), ({"LOG_FORMAT": "text"}, "2"), ({"DEBUG": "on", "LOG_FORMAT": "json"}, "{")],
)
def test_production_speaks_json_unless_it_is_told_otherwise(tmp_path, environment, first):
    with Site(tmp_path, **({"DEBUG": "off"} | environment)) as site:
        said = site.manage("shell", "--no-imports", "-c", "import logging; logging.getLogger('tagging').warning('x')")

    assert said.stderr[0] == first

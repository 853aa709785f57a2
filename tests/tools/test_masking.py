"""Passwords and keys stand neither on DEBUG's error page nor in the log."""

import copy
import io
import logging
import sys

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter, get_exception_reporter_class

from devlog_project.ops import logs, masking

KEY = "sk-<planted>&key"
OF_THE_KEY = "<planted>"
DATABASE, BROKER, MODEL, VARIABLE, MESSAGE, NESTED = PASSWORDS = (
    "of-the-database",
    "broker/@word",
    "of-the-model",
    "of-a-variable",
    "of-the-message",
    "nested-pw",
)


@pytest.fixture(autouse=True)
def planted(settings):
    settings.DEBUG = True
    settings.OPENAI_API_KEY = KEY
    settings.DATABASE_URL = f"postgres://u:{DATABASE}@h/db"
    settings.TAGGING_BROKER_URL = f"amqp://u:{BROKER}@h//"
    settings.OPENAI_BASE_URL = f"http://u:{MODEL}@h/v1"
    settings.CACHES = copy.deepcopy(settings.CACHES) | {"more": [{"LOCATION": [f"redis://:{NESTED}@h:1/0"]}]}
    masking.secrets.cache_clear()
    yield
    masking.secrets.cache_clear()


def raised():
    """Return an error with secrets in its words, its cause and its frame's variables."""
    held = {"url": f"https://u:{VARIABLE}@h/x", "keys": [KEY]}
    try:
        try:
            raise OSError(f"cannot reach redis://:{MESSAGE}@h:6379/0 with {KEY}")
        except OSError as error:
            raise ValueError(f"gave up on 'postgres://a:{MESSAGE}@h/db': {BROKER} {held}") from error
    except ValueError:
        return sys.exc_info()


def shown(page: str) -> list[str]:
    return [word for word in [*PASSWORDS, OF_THE_KEY] if word in page or masking.escape(word) in page]


def test_the_error_page_shows_no_secret_of_settings_variables_environment_or_messages():
    request = RequestFactory().get(
        "/", headers={"x-url": f"http://u:{VARIABLE}@h"}, DATABASE_URL=f"x://u:{VARIABLE}@h"
    )
    reporter = get_exception_reporter_class(request)(request, *raised())

    page, text = reporter.get_traceback_html(), reporter.get_traceback_text()

    assert (shown(page), shown(text)) == ([], [])
    assert "postgres://u:********************@h/db" in page  # what helps stays
    assert "TAGGING_BROKER_URL" in page


def test_djangos_own_page_shows_none_of_settings_and_variables():
    error = raised()
    page = ExceptionReporter(RequestFactory().get("/"), error[0], error[0]("words"), error[2]).get_traceback_html()

    assert shown(page) == []


def test_the_log_shows_none():
    handler = logs.ConsoleHandler()
    handler.setStream(io.StringIO())

    handler.handle(
        logging.makeLogRecord(
            {"name": "tagging", "msg": f"asked amqp://u:{BROKER}@h// with {KEY}", "exc_info": raised()}
        )
    )

    assert shown(handler.stream.getvalue()) == []
    assert "Traceback" in handler.stream.getvalue()


def test_what_is_no_secret_stays():
    text = "GET http://h:8000/api, mail a@b.example, postgres://user@host/db, 12:30 https://x/y:z"

    assert masking.mask(text) == text


def test_no_text_takes_long():
    masking.mask("://a:" * 20_000)
    masking.mask("://" + "a" * 100_000)

"""Passwords and keys stand neither in the log nor on DEBUG's error page, wherever they come from.

An entry may stand in what an error says: the log has that only while DEBUG is on.
"""

import re
import traceback
from collections.abc import ItemsView, Iterator
from functools import cache
from html import escape
from types import FrameType
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest
from django.template.defaultfilters import pprint
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from tagging.engine.guard import words_of

MASK = SafeExceptionReporterFilter.cleansed_substitute
# To the last @ of what is no blank: a password may hold one. Bounded, so that no text takes long.
URL_PASSWORD = re.compile(r"(://[^\s:/@'\"<>]{0,100}:)([^\s'\"<>]{1,300})@")
# After an address: what somebody looks for.
QUERY = re.compile(r"(/[^\s?\"']{0,2000})\?[^\s\"']+")
# A shorter one would be found in words that are none; in addresses it is masked all the same.
SHORTEST = 8


def mask(text: str) -> str:
    """Return the text without our secrets, and without the password of any address in it."""
    for secret in secrets() if settings.configured else ():  # not in gunicorn's first process
        text = text.replace(secret, MASK)
    return URL_PASSWORD.sub(rf"\1{MASK}@", text)


@cache
def secrets() -> list[str]:
    """Return all secrets of the settings, also as they are written in HTML and by repr, the longest first."""
    exact = {secret for secret in _secrets() if len(secret) >= SHORTEST}
    written = exact | {repr(secret)[1:-1] for secret in exact}
    return sorted(written | {escape(secret) for secret in written}, key=len, reverse=True)


def _secrets() -> Iterator[str]:
    yield from (settings.SECRET_KEY, settings.OPENAI_API_KEY, settings.TAGGING_RESULTS_TOKEN)
    yield str(settings.DATABASES["default"].get("PASSWORD", ""))
    for url in (settings.DATABASE_URL, settings.TAGGING_BROKER_URL, settings.OPENAI_BASE_URL):
        if found := URL_PASSWORD.search(url):
            yield from (found[2], unquote(found[2]))


def without_queries(text: str) -> str:
    """Return the text without the query of any address in it, unless DEBUG is on."""
    return text if is_for_a_developer() else QUERY.sub(r"\1?…", text)


def shown(error: BaseException) -> str:
    """Return an error with its causes for the log: where each was raised and its kind, and what it says if it may.

    While DEBUG is on, all that Python would show: the machine is the developer's own, and so are the entries.
    """
    if is_for_a_developer():
        return "".join(traceback.format_exception(error)).rstrip()
    told: list[str] = []
    met: set[int] = set()
    cause: BaseException | None = error
    while cause and id(cause) not in met:
        met.add(id(cause))
        frames, words = "".join(traceback.format_tb(cause.__traceback__)), words_of(cause)
        told.append(f"Traceback (most recent call last):\n{frames}{type(cause).__name__}{words and f': {words}'}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\nwhich led to\n\n".join(reversed(told))


def is_for_a_developer() -> bool:
    return settings.configured and settings.DEBUG


class ErrorPage(ExceptionReporter):
    """Django's error page, of which also what an exception says is masked."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(mask(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(mask(super().get_traceback_text()))


class ErrorPageFilter(SafeExceptionReporterFilter):
    """Django masks by names such as PASSWORD; this one also what an address or a variable holds."""

    def cleanse_setting(self, key: str | int, value: object) -> object:
        cleansed = super().cleanse_setting(key, value)
        return mask(cleansed) if isinstance(cleansed, str) else cleansed

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return {name: Written(mask(pprint(value))) for name, value in variables}.items()


class Written(str):
    """A value as it was written already, which writes itself without quotes."""

    __slots__ = ()
    __repr__ = str.__str__

"""A thread that goes on after errors, and a log that says an error once."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

FIRST_REST_SECONDS = 0.1


class SafeError(Exception):
    """An error whose text holds no word of an entry, so that it may be logged."""


class ErrorLog:
    """Log an error when it begins, and how many there were when it has ended."""

    def __init__(self, logger: logging.Logger, begins: str, ends: str) -> None:
        self.in_a_row = 0
        self._logger = logger
        self._begins = begins
        self._ends = ends

    def note(self, error: BaseException) -> None:
        """Count this error; log it if the one before has ended."""
        self.in_a_row += 1
        if self.in_a_row == 1:
            self._logger.error("%s: %s", self._begins, described(error))

    def clear(self) -> None:
        """Note that it works; log it if it did not before."""
        if self.in_a_row:
            self._logger.warning("%s (%d errors)", self._ends, self.in_a_row)
            self.in_a_row = 0


def described(error: BaseException) -> str:
    """Return what went wrong without any word of an entry, which an error's own text may quote."""
    name = type(error).__name__
    if isinstance(error, DatabaseError):  # the lines after the first may quote the row
        return f"{name}: {str(error).partition(chr(10))[0]}"
    if isinstance(error, (SafeError, ImportError, ImproperlyConfigured)):
        return f"{name}: {error}"
    return f"{name}, at\n{''.join(traceback.format_tb(error.__traceback__))}".rstrip()


class GuardedThread:
    """A daemon thread that repeats a step until it is told to stop, and rests ever longer after errors."""

    def __init__(
        self,
        name: str,
        step: Callable[[], None],
        *,
        errors: ErrorLog,
        close: Callable[[], None] = lambda: None,
        may_end: Callable[[], bool] = lambda: True,
        max_rest_seconds: float = 1.0,
    ) -> None:
        """close: called once at the end. may_end: asked once it is told to stop, after each step without an error."""
        self.errors = errors
        self.last_turn_at = time.monotonic()
        self.stopping = threading.Event()
        self._step, self._close, self._may_end = step, close, may_end
        self._max_rest_seconds = max_rest_seconds
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def has_started(self) -> bool:
        return self._thread.ident is not None

    def join(self, seconds: float) -> bool:
        """Wait up to so many seconds for its end; return whether it has ended."""
        if self.has_started():
            self._thread.join(seconds)
        return not self.is_alive()

    def _run(self) -> None:
        apps.ready_event.wait()
        try:
            while not (self.stopping.is_set() and (self.errors.in_a_row or self._may_end())):
                self._guarded_step()
            self._close()
        except Exception as error:
            self.errors.note(error)
        finally:
            connection.close()

    def _guarded_step(self) -> None:
        try:
            self._step()
        except Exception as error:
            self.errors.note(error)
            with suppress(Exception):
                connection.close()  # it may be what went wrong
            self.stopping.wait(min(self._max_rest_seconds, FIRST_REST_SECONDS * 2 ** min(self.errors.in_a_row, 10)))
        else:
            self.errors.clear()
            self.last_turn_at = time.monotonic()

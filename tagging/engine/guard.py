"""A thread that goes on after errors, and a log that says an error once."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from contextlib import suppress

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, DataError, connection

from tagging.engine.fork import Birthplace

FIRST_REST_SECONDS = 0.1


class SafeError(Exception):
    """An error whose text holds no word of an entry, so that it may be logged."""


class ErrorLog:
    """Log an error of `what` when it begins, and how many there were when it works again."""

    def __init__(self, logger: logging.Logger, what: str) -> None:
        self.in_a_row = 0
        self._logger, self._what = logger, what

    def note(self, error: BaseException) -> None:
        is_first = not self.in_a_row  # two threads at a time may say it twice, but never not at all
        self.in_a_row += 1
        if is_first:
            message = "%s failed and continues (logged once until it recovers): %s"
            self._logger.error(message, self._what, described(error))

    def clear(self) -> None:
        if self.in_a_row:
            self._logger.warning("%s works again, after %d errors", self._what, self.in_a_row)
            self.in_a_row = 0


def described(error: BaseException) -> str:
    """Return what went wrong without any word of an entry, which an error's own text may quote."""
    name = type(error).__name__
    if words := words_of(error):
        return f"{name}: {words}"
    return f"{name}, at\n{''.join(traceback.format_tb(error.__traceback__))}".rstrip()


def words_of(error: BaseException) -> str:
    """Return what an error says, if that can hold no word of an entry; else nothing."""
    # The lines after the first may quote the row, and what is said of a value that does not fit the value.
    if isinstance(error, DatabaseError) and not isinstance(error, DataError):
        return str(error).partition("\n")[0]
    return str(error) if isinstance(error, (SafeError, ImportError, ImproperlyConfigured)) else ""


class GuardedThread:
    """A daemon thread that repeats `step` until it is told to stop, and rests ever longer after errors."""

    max_rest_seconds = 1.0

    def __init__(self, name: str, errors: ErrorLog) -> None:
        self.errors = errors
        self.last_turn_at = time.monotonic()
        self.stopping = threading.Event()
        self.birthplace = Birthplace()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def step(self) -> None:
        """Do what there is to do, or wait for it."""
        raise NotImplementedError

    def may_end(self) -> bool:
        """Say, once it is told to stop, whether it may; not asked after an error."""
        return True

    def close(self) -> None:
        """Let go of everything: the last thing the thread does."""

    def wake(self) -> None:
        """End a wait of `step`, because it is told to stop."""

    def start(self) -> None:
        self._thread.start()

    def has_started(self) -> bool:
        return self._thread.ident is not None

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout: float) -> None:
        """Have it end, and wait for that up to so many seconds; in a forked child it is the parent's."""
        if not self.birthplace.is_here:  # nor can its locks be trusted
            return
        self.stopping.set()
        self.wake()
        self.has_ended(timeout)

    def has_ended(self, timeout: float) -> bool:
        """Wait up to so many seconds for its end; return whether it has ended."""
        if self.has_started():
            self._thread.join(timeout)
        return not self.is_alive()

    def succeeded(self) -> None:
        """Note that a step got through."""
        self.errors.clear()
        self.last_turn_at = time.monotonic()

    def _run(self) -> None:
        apps.ready_event.wait()
        try:
            while not (self.stopping.is_set() and (self.errors.in_a_row or self.may_end())):
                self._guarded_step()
        finally:  # whatever ended it: what it holds must not wait for a lease
            try:
                self.close()
            except Exception as error:
                self.errors.note(error)
            finally:
                connection.close()

    def _guarded_step(self) -> None:
        try:
            self.step()
            self.succeeded()
        except Exception as error:
            self.errors.note(error)
            with suppress(Exception):
                connection.close()  # it may be what went wrong
            rest = FIRST_REST_SECONDS * 2 ** min(self.errors.in_a_row, 10)
            self.stopping.wait(min(self.max_rest_seconds, rest))

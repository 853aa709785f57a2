"""Log lines on the console, on which a database that stays away does not bury everything else."""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError

# After so many seconds without an error of a kind it has ended.
QUIET_SECONDS = 5.0


class ConsoleHandler(logging.StreamHandler):
    """Write an error of the database when it begins, without its traceback, and how often it came when it has ended.

    Without this each request, and each look at /readyz, would leave a hundred lines.
    """

    def __init__(self) -> None:
        super().__init__()
        self._repeats: dict[str, int] = {}
        self._last_at = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        kind = kind_of(record)
        if kind is None:
            self._write_what_has_ended()
            super().emit(record)
        elif kind in self._repeats:
            self._repeats[kind] += 1
        else:
            self._repeats[kind] = 0
            words = f"{record.getMessage().partition(chr(10))[0]} ({kind}; repeats are counted until it ends)"
            super().emit(logging.makeLogRecord(record.__dict__ | LINE | {"msg": words}))
        if kind is not None:
            self._last_at = time.monotonic()

    def _write_what_has_ended(self) -> None:
        if self._repeats and time.monotonic() - self._last_at > QUIET_SECONDS:
            ended, self._repeats = self._repeats, {}
            for kind, count in ended.items():
                words = {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING"}
                super().emit(logging.makeLogRecord(words | {"msg": f"Ended after {count} repeats: {kind}"}))


# Of a record with a traceback, what makes it a line.
LINE = {"args": None, "exc_info": None, "exc_text": None}


def kind_of(record: logging.LogRecord) -> str | None:
    """Return what makes two records the same error of the database; None for all other records."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, DatabaseError):
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    if record.name == "psycopg.pool":
        return "psycopg.pool"
    if record.name == "django.request" and getattr(record, "status_code", 0) == 503:
        return "HTTP 503"
    return None

"""Log lines on the console, without secrets, on which what comes again and again does not bury everything else."""

from __future__ import annotations

import logging
import time

from django.db import InterfaceError, OperationalError

from devlog_project.ops.masking import mask

# After so many seconds without an error of a kind it has ended.
QUIET_SECONDS = 5.0
# Of a record with a traceback, what makes it a line.
ONE_LINE = {"args": None, "exc_info": None, "exc_text": None}


def console(level: str) -> dict[str, object]:
    """Return Django's setting LOGGING: all on the console from this level on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
        "handlers": {
            "console": {"class": "devlog_project.ops.logs.ConsoleHandler", "formatter": "line", "level": level}
        },
        "root": {"handlers": ["console"], "level": level},
        # The clients log each request's URL and status, or where credentials are, at INFO; our own lines say enough.
        "loggers": {name: {"level": "WARNING"} for name in ("httpx2", "openai", "botocore", "boto3")}
        # Django's own console handler would write all twice while DEBUG is on; below INFO it logs SQL, with entries.
        | {"django": {"level": "INFO", "handlers": []}},
    }


class ConsoleHandler(logging.StreamHandler):
    """Write some errors when they begin, without their traceback, and how often they came when they have ended.

    Without this each request while the database is away, or by a scanner that asks for other hosts, would leave a
    hundred lines.
    """

    def __init__(self) -> None:
        super().__init__()
        self._repeats: dict[str, int] = {}
        self._last_at: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self._write_what_has_ended(QUIET_SECONDS)
        kind = kind_of(record)
        if kind is None:
            super().emit(record)
            return
        if kind in self._repeats:
            self._repeats[kind] += 1
        else:
            self._repeats[kind] = 0
            words = f"{record.getMessage().partition(chr(10))[0]} ({kind}; repeats are counted until it ends)"
            super().emit(logging.makeLogRecord(record.__dict__ | ONE_LINE | {"msg": words}))
        self._last_at[kind] = time.monotonic()

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))

    def close(self) -> None:
        self._write_what_has_ended(quiet_seconds=0.0)
        super().close()

    def _write_what_has_ended(self, quiet_seconds: float) -> None:
        now = time.monotonic()
        for kind in [kind for kind, at in self._last_at.items() if now - at >= quiet_seconds]:
            del self._last_at[kind]
            if count := self._repeats.pop(kind):
                words = {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING"}
                super().emit(logging.makeLogRecord(words | {"msg": f"{kind}: ended after {count} repeats"}))


def kind_of(record: logging.LogRecord) -> str | None:
    """Return what makes two records the same trouble with the database or with a client; None for all others."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, (OperationalError, InterfaceError)):
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    if record.name.startswith("django.security."):
        return record.name.rpartition(".")[2]
    if record.name == "psycopg.pool":
        return "psycopg.pool"
    if record.name == "django.request" and getattr(record, "status_code", 0) == 503:
        return "HTTP 503"
    return None

"""Log lines on the console, without secrets, on which what comes again and again does not bury everything else."""

from __future__ import annotations

import logging
import re
import time
from datetime import UTC, datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from pythonjsonlogger.json import JsonFormatter

from devlog_project.api.origin import current
from devlog_project.ops.masking import mask, shown, without_queries

# After so many seconds without an error of a kind it has ended.
QUIET_SECONDS = 5.0
# Of a record with a traceback, what makes it a line.
ONE_LINE = {"args": None, "exc_info": None, "exc_text": None}
# What alone may say more than a message: what others put beside theirs may be a whole request.
OURS = ("devlog_project", "devlogs", "tagging")
FIELDS = ("request_id", "job", "jobs", "attempt", "code")
# The clients log each request's URL and status, or where credentials are, at INFO; our own lines say enough.
CLIENTS = ("httpx2", "openai", "botocore", "boto3")
# They have handlers of their own, past ours.
SERVERS = ("django.server", "uvicorn", "uvicorn.access", "uvicorn.error")

# Of what a terminal or a reader of lines obeys, all but the tab and the line break.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def console(level: str, style: str = "text", *, is_debug: bool = False) -> dict[str, object]:
    """Return Django's setting LOGGING: all on the console from this level on, in lines of this style: json or text.

    Below INFO only what we log ourselves is: what others say there is made of what they were given.
    """
    servers = () if is_debug else SERVERS  # runserver's own lines have colours
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": f"{__name__}.{'Json' if style == 'json' else 'Text'}"}},
        "handlers": {
            "console": {"class": "devlog_project.ops.logs.ConsoleHandler", "formatter": "line", "level": level}
        },
        "root": {"handlers": ["console"], "level": "INFO" if level == "DEBUG" else level},
        "loggers": {name: {"level": "WARNING"} for name in CLIENTS}
        | {name: {"level": "INFO", "handlers": [], "propagate": True} for name in servers}
        # Django's own console handler would write all twice while DEBUG is on.
        | {"django": {"level": "INFO", "handlers": []}}
        | {name: {"level": level} for name in OURS},
    }


class Json(JsonFormatter):
    """One JSON object a line, of what `Cleaned` lets a record say."""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data |= {"timestamp": moment.replace("+00:00", "Z"), "level": record.levelname, "logger": record.name}
        log_data["message"] = record.getMessage()
        log_data |= {name: value for name in FIELDS if (value := vars(record).get(name)) is not None}
        if record.exc_text:
            log_data["traceback"] = record.exc_text


class Text(logging.Formatter):
    """A line for people, with the number of its request, and the traceback under it."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name} {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        return as_one_record(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        request_id = vars(record).get("request_id")
        return super().formatMessage(record) + (f" request_id={request_id}" if request_id else "")


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
            words = f"{message_of(record).partition(chr(10))[0]} ({kind}; repeats are counted until it ends)"
            super().emit(logging.makeLogRecord(record.__dict__ | ONE_LINE | {"msg": words}))
        self._last_at[kind] = time.monotonic()

    def format(self, record: logging.LogRecord) -> str:
        return super().format(cleaned(record))

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


def cleaned(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy that says no more than it may: neither a secret nor, while DEBUG is off, what an error says."""
    said: dict[str, Any] = ONE_LINE | {"msg": without_queries(mask(message_of(record))), "stack_info": None}
    said |= dict.fromkeys(FIELDS) if record.name.partition(".")[0] not in OURS else {}
    if record.exc_info and (error := record.exc_info[1]):
        said["exc_text"] = mask(shown(error))
    said["request_id"] = said.get("request_id") or vars(record).get("request_id") or request_id_of(record)
    return logging.makeLogRecord(record.__dict__ | said)


def message_of(record: logging.LogRecord) -> str:
    """Return its message; where its values do not fit into its words, as a library's may, those alone."""
    try:
        return record.getMessage()
    except Exception:  # else logging itself would write them to the console
        return str(record.msg)


def request_id_of(record: logging.LogRecord) -> str | None:
    """Return that of the request that is answered, or of one that has just been: Django logs its status then."""
    meta = getattr(vars(record).get("request"), "META", {})
    return current().request_id or meta.get("devlog.request_id")


def as_one_record(text: str) -> str:
    """Return it so that nothing a client sent looks like a record of its own, or is obeyed by a terminal."""
    return CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text).replace("\n", "\n    ")


def kind_of(record: logging.LogRecord) -> str | None:
    """Return what makes two records the same trouble with the database or with a client; None for all others."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, (OperationalError, InterfaceError)):
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    if record.name.startswith("django.security."):
        return record.name.rpartition(".")[2]
    if record.name == "psycopg.pool" or record.name.startswith("opentelemetry."):
        return record.name
    if record.name == "django.request" and getattr(record, "status_code", 0) == 503:
        return "HTTP 503"
    return None

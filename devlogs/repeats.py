"""Write dev-logs that their authors name by an external id: what is sent again makes no second one."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from django.db import IntegrityError
from django.db.models import QuerySet

from devlogs import entries
from devlogs.models import DevLog
from tagging.models import sql

# Each time another request was faster with one of them.
TRIES = 3


class Result(StrEnum):
    CREATED = "created"
    EXISTING = "existing"
    CONFLICT = "conflict"


class Sent(NamedTuple):
    """What became of a dev-log that was sent: it was created, or the one that was there is named."""

    devlog: DevLog
    result: Result


def compared(sent: DevLog, known: DevLog) -> Sent:
    """Say whether a dev-log is the same as one under its external id: the entry is, and what is to be private is."""
    is_open = entries.said_private(sent) is True and entries.said_private(known) is not True
    return Sent(known, Result.CONFLICT if is_open or sent.entry != known.entry else Result.EXISTING)


def key_of(devlog: DevLog) -> tuple[int, bool, str]:
    return devlog.author_id or 0, devlog.external_id is None, devlog.external_id or ""


def found(author_id: int | None, external_ids: Sequence[str]) -> QuerySet[DevLog]:
    return DevLog.objects.filter(author=author_id, external_id__in=external_ids)


def write_once(devlogs: Sequence[DevLog]) -> list[Sent]:
    """Save those of these dev-logs that are new, as `entries.write_many` does; return what became of each."""
    for attempt in range(TRIES):
        sent = sort_out(devlogs)
        # In one order whatever was sent: of two at a time neither waits for what the other has yet to write.
        new = sorted((one.devlog for one in sent if one.result == Result.CREATED), key=key_of)
        try:
            if new:
                entries.write_many(new)
        except IntegrityError:
            if attempt == TRIES - 1:
                raise
        else:
            break
    return sent


def sort_out(devlogs: Sequence[DevLog]) -> list[Sent]:
    """Say of each dev-log whether it is new, among those that are saved and those before it."""
    known: dict[tuple[int | None, str], DevLog] = {}
    for author_id in {devlog.author_id for devlog in devlogs}:
        ids = [one.external_id for one in devlogs if one.author_id == author_id and one.external_id is not None]
        for portion in sql.portions(ids):
            known |= {(author_id, str(one.external_id)): one for one in found(author_id, portion)}
    sent = []
    for devlog in devlogs:
        key = devlog.author_id, devlog.external_id or ""
        if devlog.external_id is None:
            sent.append(Sent(devlog, Result.CREATED))
        elif key in known:
            sent.append(compared(devlog, known[key]))
        else:
            sent.append(Sent(devlog, Result.CREATED))
            known[key] = devlog
    return sent

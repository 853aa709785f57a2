"""Whether an entry could be saved now, and whether the work behind it moves: looked at now and then."""

from __future__ import annotations

import math
import random
import shutil
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models.functions import Now

from devlog_project.ops.trouble import advice_on
from devlogs.models import DevLog
from tagging.models import Attempt, Job, ProviderState, QueuePause, due, pace, sql
from tagging.models.claims import seconds_from_now
from tagging.models.migrated import missing_migrations

if TYPE_CHECKING:
    from devlog_project.postgresql.base import DatabaseWrapper as PostgreSQL
    from devlog_project.sqlite.base import DatabaseWrapper as SQLite

# What was seen is believed for so long, in seconds: a probe each second writes no more often than this.
LOOK_SECONDS = 2.0
# How long a look may wait for the locks of others, and after how long one that does not come back tells enough.
WAIT_SECONDS, HANGING_SECONDS = 1.0, 5.0
# Ids that no row has: saving takes no number from those to come, and no process waits for the look of another.
MOST_PROBE_ID = 2**40
# SQLite's file and its log grow by pages; with less than this it is soon full, in bytes.
LEAST_FREE_BYTES = 2**20
# A dev-log that is due for so long, while nothing runs or ends, is waited for by nobody, in seconds.
STILL_SECONDS = 5.0
# Of a claim that a live worker renews, at least so much of its lease is left.
FRESH_SHARE = 0.6
# So many of the last attempts are looked at; they say nothing unless they are of several dev-logs, and of late.
LAST_ATTEMPTS, LEAST_JOBS, LATE_SECONDS = 10, 3, 3600.0

# Whoever writes an entry is told to come back in that many seconds at most; what is due for longer broke that word.
LONG_SECONDS = float(pace.MOST_SECONDS)

UNMIGRATED = "The database lacks migrations of this version: run manage.py migrate, or see whether that still runs."
LONG = (
    "A dev-log that a person waits for is due for {minutes:.0f} minutes, though workers work: start more of them "
    "(manage.py run_worker), or raise TAGGING_CONCURRENCY."
)
STILL = "Dev-logs are due and no worker takes them: see that a worker runs (TAGGING_WORKER, or manage.py run_worker)."
PAUSED = (
    "A person paused the queue, since {since:%Y-%m-%d %H:%M} UTC: entries are taken and wait. It goes on with "
    "manage.py resume, or Resume on the queue's page in the admin."
)
FULL = "The database's disk is full: make room on it."
HANGS = "The database accepts us and does not answer: look at its host, its disk and its locks."


class Findings(NamedTuple):
    """The words for the database, its tables and the queue, and what to do about them."""

    database: str = "ok"
    queue: str = "ok"
    migrations: str = "ok"
    advice: tuple[str, ...] = ()


class Readiness:
    """What was seen last, and the one thread at a time that looks anew."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._findings = Findings("down", migrations="unknown", advice=(HANGS,))  # until it has answered once
        self._is_migrated = False
        self._looked_at = self._began_at = -math.inf

    def findings(self) -> Findings:
        """Return what is known, at most some seconds old; the caller waits but a moment."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return self._findings
        is_known = self._looked_at > -math.inf
        if not self._looking.acquire(timeout=0 if is_known else HANGING_SECONDS):
            is_hanging = time.monotonic() - self._began_at > HANGING_SECONDS
            return Findings("down", migrations="unknown", advice=(HANGS,)) if is_hanging else self._findings
        try:
            self._began_at = time.monotonic()
            self._findings = self._with_migrations(look())
            self._looked_at = time.monotonic()
        finally:
            self._looking.release()
        return self._findings

    def _with_migrations(self, found: Findings) -> Findings:
        """Look for missing ones until none is: what is applied stays so while this process lives."""
        if found.database != "ok":
            return found._replace(migrations="unknown")
        if self._is_migrated:
            return found
        try:
            self._is_migrated = not missing_migrations()
        except (DatabaseError, InterfaceError) as error:
            return Findings("down", migrations="unknown", advice=(advice_on(error),))
        return found if self._is_migrated else found._replace(migrations="missing", advice=(UNMIGRATED,))


readiness = Readiness()


def look() -> Findings:
    """Try to save a dev-log and its job, without keeping them, and see whether the queue moves."""
    try:
        if connection.vendor == "sqlite" and free_bytes() < LEAST_FREE_BYTES:
            return Findings("down", advice=(FULL,))
        with cast("SQLite | PostgreSQL", connection).short_waits(WAIT_SECONDS), transaction.atomic():
            probe = DevLog(pk=-random.randint(1, MOST_PROBE_ID), entry="Can an entry be saved?")
            probe.save(force_insert=True)
            sql.insert_job(probe.pk, Job.Priority.BULK)
            transaction.set_rollback(True)
        if pause := QueuePause.objects.current():
            return Findings(queue="paused", advice=(PAUSED.format(since=pause.since),))
        if stands_still():
            return Findings(queue="still", advice=(STILL,))
        if code := failing():
            told = (
                f"The last calls all failed, the most with {code}: its meaning is in docs/operations.md and the log."
            )
            return Findings(queue="failing", advice=(told,))
        if seconds := overdue_seconds():
            return Findings(queue="long", advice=(LONG.format(minutes=seconds / 60),))
    except (DatabaseError, InterfaceError) as error:
        return Findings("down", advice=(advice_on(error),))
    return Findings()


def free_bytes() -> int:
    """Return what is left on the disk of SQLite's file."""
    try:
        return shutil.disk_usage(Path(connection.settings_dict["NAME"]).parent).free
    except OSError:  # trying to write will tell
        return LEAST_FREE_BYTES


def stands_still() -> bool:
    """Say whether jobs are due, nothing is known for which they would wait, and nobody works."""
    waited = max(STILL_SECONDS, 3 * settings.TAGGING_SWEEP_SECONDS)
    before = seconds_from_now(-waited)
    # By priority, as the index on what is due begins with it.
    if not Job.objects.due().filter(priority__in=Job.Priority.values, run_after__lt=before).exists():
        return False
    provider = ProviderState.objects.current()
    if provider.waiting_for or provider.is_probing:
        return False
    fresh = seconds_from_now(FRESH_SHARE * settings.TAGGING_LEASE_SECONDS)
    if Job.objects.running().filter(lease_expires_at__gt=fresh).exists():
        return False
    newest = Attempt.objects.order_by("-pk")[:1].values("pk")
    return not Attempt.objects.filter(pk__in=newest, finished_at__gt=before).exists()


def overdue_seconds() -> float:
    """Return for how long a job is due that a person waits for, if that is too long and no provider is the reason."""
    seconds = due.seconds_due(Job.Priority.INTERACTIVE)
    return seconds if seconds > LONG_SECONDS and not ProviderState.objects.current().waiting_for else 0.0


def failing() -> str:
    """Return the code that most of the last attempts failed with, if all of them failed; else nothing."""
    last = Attempt.objects.order_by("-pk").annotate(now=Now())[:LAST_ATTEMPTS]
    seen = list(last.values_list("job_id", "outcome", "error_code", "finished_at", "now"))
    late = [row for row in seen if (row[4] - row[3]).total_seconds() < LATE_SECONDS]
    if len({job_id for job_id, *_ in late}) < LEAST_JOBS or any(row[1] == Attempt.Outcome.ANSWERED for row in late):
        return ""
    return Counter(code for _, _, code, *_ in late).most_common(1)[0][0]

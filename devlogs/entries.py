"""Write, edit and remove dev-logs, each with its job in one transaction: the one way for views, admin and imports.

An entry that breaks the model's rules raises ValidationError, and nothing is saved.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import QuerySet

from devlogs.models import DevLog
from tagging import queues
from tagging.models import sql


def write(devlog: DevLog, *, is_bulk: bool = False) -> None:
    """Save a new dev-log, at the time of the database, and ask for its tags. Sends no signals.

    is_bulk: one of many, which comes after all that people wait for.
    """
    refuse_bad_entry(devlog)
    if isinstance(vars(devlog)["created_at"], datetime) or (devlog.author and not devlog.author_id):
        raise ValueError("A dev-log is written with a saved author, and without a time of its own.")
    with transaction.atomic():
        devlog.pk, devlog.created_at = sql.insert_devlog(devlog.entry, devlog.author_id)
        devlog._state.adding, devlog._state.db = False, DEFAULT_DB_ALIAS
        queues.enqueue(devlog, is_bulk=is_bulk)


def write_many(devlogs: Sequence[DevLog]) -> None:
    """Save new dev-logs in one go and ask for their tags, after all that people wait for."""
    for devlog in devlogs:
        refuse_bad_entry(devlog)
    with transaction.atomic():
        queues.enqueue_many([devlog.pk for devlog in DevLog.objects.bulk_create(devlogs)])


def edit(devlog: DevLog, fields: Collection[str]) -> bool:
    """Save these fields as they stand on the dev-log now; return whether its entry is another one than before.

    Only then are its tags asked for again. Raises DevLog.DoesNotExist if the dev-log was deleted meanwhile.
    """
    if "entry" in fields:
        refuse_bad_entry(devlog)
    with transaction.atomic():
        # Read again under a lock: what was shown before may be older than another edit.
        before = locked([devlog.pk]).values_list("entry", flat=True).get()
        devlog.save(update_fields=fields)
        is_other_entry = "entry" in fields and devlog.entry != before
        if is_other_entry:
            queues.enqueue_again(devlog)
    return is_other_entry


def remove(devlog_ids: Sequence[int]) -> None:
    """Delete dev-logs with all that belongs to them, portion by portion: what others write never waits for all."""
    for ids in sql.portions(devlog_ids):
        with transaction.atomic():
            sql.delete_devlogs(ids)


def locked(devlog_ids: Sequence[int]) -> QuerySet[DevLog]:
    return DevLog.objects.filter(pk__in=devlog_ids).order_by("pk").select_for_update(no_key=True)


def refuse_bad_entry(devlog: DevLog) -> None:
    # Not the author, who would be looked up by a query.
    devlog.clean_fields(exclude=["author"])

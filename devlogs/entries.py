"""Write, edit and remove dev-logs, each with its job in one transaction: the one way for views, admin and imports.

An entry that breaks the model's rules raises ValidationError, and nothing is saved.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import QuerySet

from devlogs.models import AuthorSettings, DevLog
from tagging import queues
from tagging.models import sql

# What its tags depend on: the text, and who may read it.
ASKED_BY = ("entry", "is_private")


class ExternalIdTakenError(Exception):
    """The author has a dev-log under this external id already."""


def write(devlog: DevLog, *, is_bulk: bool = False) -> None:
    """Save a new dev-log, at its own time or that of the database, and ask for its tags. Sends no signals.

    One that does not say whether it is private is what its author has set.
    is_bulk: one of many, which comes after all that people wait for. Raises ExternalIdTakenError.
    """
    refuse_bad_entry(devlog)
    said = vars(devlog)["created_at"]
    if devlog.author and not devlog.author_id:
        raise ValueError("A dev-log is written with a saved author.")
    with transaction.atomic():
        written = sql.insert_devlog(devlog.entry, devlog.author_id, said_private(devlog), devlog.external_id)
        if not written:
            raise ExternalIdTakenError
        devlog.pk, devlog.created_at, devlog.is_private = written
        devlog._state.adding, devlog._state.db = False, DEFAULT_DB_ALIAS
        queues.enqueue(devlog, is_bulk=is_bulk)
        if isinstance(said, datetime):  # last, since its job waits from now on
            devlog.created_at = said
            DevLog.objects.filter(pk=devlog.pk).update(created_at=said)


def write_many(devlogs: Sequence[DevLog]) -> None:
    """Save new dev-logs in one go and ask for their tags, after all that people wait for."""
    for devlog in devlogs:
        refuse_bad_entry(devlog)
    with transaction.atomic():
        make_as_private_as_set([devlog for devlog in devlogs if said_private(devlog) is None])
        queues.enqueue_many([devlog.pk for devlog in DevLog.objects.bulk_create(devlogs)])


def edit(devlog: DevLog, fields: Collection[str]) -> bool:
    """Save these fields as they stand on the dev-log now; return whether its tags are asked for again.

    They are where its entry is another one than before, or who may read it is: private or not. Raises
    DevLog.DoesNotExist if the dev-log was deleted meanwhile.
    """
    if "entry" in fields:
        refuse_bad_entry(devlog)
    with transaction.atomic():
        # Read again under a lock: what was shown before may be older than another edit.
        before = locked([devlog.pk]).values(*ASKED_BY).get()
        for name in before.keys() - set(fields):
            setattr(devlog, name, before[name])
        devlog.save(update_fields=fields)
        is_asked_again = any(getattr(devlog, name) != before[name] for name in ASKED_BY)
        if is_asked_again:
            queues.enqueue_again(devlog)
    return is_asked_again


def set_private(devlog_ids: Sequence[int], is_private: bool) -> None:
    """Make these dev-logs private, or not, each by itself: those that change are tagged anew."""
    for devlog in DevLog.objects.filter(pk__in=devlog_ids).order_by("pk"):
        devlog.is_private = is_private
        with suppress(DevLog.DoesNotExist):  # deleted meanwhile
            edit(devlog, ["is_private"])


def remove(devlog_ids: Sequence[int]) -> None:
    """Delete dev-logs with all that belongs to them, portion by portion: what others write never waits for all."""
    for ids in sql.portions(devlog_ids):
        with transaction.atomic():
            sql.delete_devlogs(ids)


def said_private(devlog: DevLog) -> bool | None:
    """Return whether a new dev-log says that it is private or not; None where it says nothing."""
    said = vars(devlog)["is_private"]
    return said if isinstance(said, bool) else None


def make_as_private_as_set(devlogs: Sequence[DevLog]) -> None:
    """Have new dev-logs be what their authors have set for those that do not say whether they are private."""
    authors = sorted({devlog.author_id for devlog in devlogs if devlog.author_id})
    chosen = AuthorSettings.objects.filter(private_by_default=True)
    private = {pk for ids in sql.portions(authors) for pk in chosen.filter(pk__in=ids).values_list("pk", flat=True)}
    for devlog in devlogs:
        devlog.is_private = devlog.author_id in private


def locked(devlog_ids: Sequence[int]) -> QuerySet[DevLog]:
    return DevLog.objects.filter(pk__in=devlog_ids).order_by("pk").select_for_update(no_key=True)


def refuse_bad_entry(devlog: DevLog) -> None:
    # Not the author, who would be looked up by a query.
    devlog.clean_fields(exclude=["author"])

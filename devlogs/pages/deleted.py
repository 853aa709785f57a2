"""Delete an entry, and bring it back: what it was stands in the form to undo it, signed, and nowhere else."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import BadRequest, ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from devlog_project.api import throttle
from devlog_project.api.models.counter import Counter
from devlogs import entries, exports
from devlogs.imports import rows
from devlogs.imports.importing import Row, bring_back
from devlogs.models import DevLog
from devlogs.pages import answers, cards, limits
from devlogs.pages.account import BATCHES
from tagging.api.limits import refuse_too_many
from tagging.models import Batch

# For so long, in seconds, a deletion may be undone.
UNDO_SECONDS = 600
# So many characters of what was deleted say which it was.
QUOTED = 60


class Deleted(NamedTuple):
    """What the form to undo a deletion holds. removal: the last time its author deleted everything, before it."""

    author_id: int | None
    row: dict[str, Any]
    removal: int | None
    ends_at: int


class RemovedSinceError(Exception):
    """The author has deleted everything since, and was promised that nobody can bring it back."""


def salt(request: HttpRequest) -> str:
    """Return what makes a signature that of one user: nobody else can undo with it."""
    return f"devlogs.pages.deleted.{request.user.pk}"


@answers.change
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    devlog = get_object_or_404(cards.queryset(request), pk=pk)
    with transaction.atomic():
        list(entries.locked([pk]))
        row = next(
            (row for portion in exports.rows_of(cards.queryset(request).filter(pk=pk)) for row in portion), None
        )
        if not row:  # another request was faster
            raise Http404
        deleted = Deleted(devlog.author_id, row, last_removal(devlog.author_id), int(time.time()) + UNDO_SECONDS)
        entries.remove([pk])
    kept = signing.dumps(deleted, salt=salt(request), compress=True)
    next_url = answers.back(request, home := reverse("pages:home"))
    gone = next_url.startswith(reverse("pages:entry", args=[pk]))  # else one would be led to what is not there
    words = Truncator(" ".join(row["entry"].split())).chars(QUOTED)
    return answers.shown(request, "deleted", {"kept": kept, "words": words, "next": home if gone else next_url})


@answers.by_post
def restore(request: HttpRequest) -> HttpResponse:
    deleted = opened(kept := request.POST.get("kept", ""), salt(request))
    text = deleted.row["entry"]
    if time.time() > deleted.ends_at:
        said = _("This was deleted too long ago to be undone. Here is what it said; you may write it again.")
        return answers.shown(request, "deleted", {"error": said, "text": text}, status=410)
    try:
        limits.count(request)
        with limits.of_pending():
            refuse_too_many(request.user.pk)
        devlog = written_again(deleted)
    except limits.RefusedError as refused:
        return answers.shown(request, "deleted", {"kept": kept, "error": refused}, status=429)
    except RemovedSinceError:
        said = _("You have deleted everything of yours since then; nobody can bring this back.")
        return answers.shown(request, "deleted", {"error": said}, status=410)
    except (ObjectDoesNotExist, ValidationError, rows.BadRowError, entries.ExternalIdTakenError):
        said = _("It could not be brought back as it was. Here is what it said; you may write it again.")
        return answers.shown(request, "deleted", {"error": said, "text": text}, status=409)
    return answers.changed(request, devlog.pk)


def opened(kept: str, salt: str) -> Deleted:
    """Return what stands in a form that was signed here; one of another version may hold something else."""
    try:
        deleted = Deleted(*signing.loads(kept, salt=salt))
        if not deleted.row.keys() >= {"id", "entry"}:
            raise BadRequest
    except (signing.BadSignature, TypeError, AttributeError) as error:
        raise BadRequest from error
    return deleted


@transaction.atomic
def written_again(deleted: Deleted) -> DevLog:
    """Write a deleted dev-log again, unless that was done already; return it as it is now."""
    # Locked, so that it comes before all that a removal deletes, or finds that one has begun.
    users = get_user_model()._default_manager.select_for_update(no_key=True)
    author: User | None = users.get(pk=deleted.author_id) if deleted.author_id else None
    if last_removal(deleted.author_id) != deleted.removal:
        raise RemovedSinceError
    values = rows.checked(deleted.row)
    written = {"author": author, "created_at": values["created_at"]}
    # No id is given twice; counted as long as the form holds, it keeps out what was edited or deleted since.
    if Counter.objects.add(throttle.key("undone", str(deleted.row["id"])), 1, deleted.ends_at) > 1:
        return DevLog.objects.filter(**written, pk__gt=deleted.row["id"]).latest("pk")
    devlog = DevLog(
        **written, entry=values["entry"], is_private=values["is_private"], external_id=values.get("external_id")
    )
    entries.write(devlog)
    bring_back(Row("", devlog, values))
    return devlog


def last_removal(author_id: int | None) -> int | None:
    """Return the id of the last batch by which an author deleted everything."""
    if author_id is None:
        return None
    batches = Batch.objects.filter(person=author_id, page=BATCHES).order_by("-pk")
    return batches.values_list("pk", flat=True).first()


urls = [
    path("entries/<int:pk>/delete/", delete, name="entry-delete"),
    path("entries/restore/", restore, name="entry-restore"),
]

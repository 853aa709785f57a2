"""Delete an entry, and bring it back: what it was stands in the form to undo it, signed, and nowhere else."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import BadRequest, ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext as _

from devlogs import entries, exports
from devlogs.imports import rows
from devlogs.imports.importing import Row, bring_back
from devlogs.models import DevLog
from devlogs.pages import answers, cards, limits

# For so long, in seconds, a deletion may be undone.
UNDO_SECONDS = 600


def salt(request: HttpRequest) -> str:
    """Return what makes a signature that of one user: nobody else can undo with it."""
    return f"devlogs.pages.deleted.{request.user.pk}"


@answers.change
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    devlog = get_object_or_404(cards.queryset(request), pk=pk)
    with transaction.atomic():
        list(entries.locked([pk]))
        row = next(exports.rows_of(cards.queryset(request).filter(pk=pk)), [{}])[0]
        entries.remove([pk])
    kept = signing.dumps([devlog.author_id, row], salt=salt(request), compress=True)
    next_url = answers.back(request, home := reverse("pages:home"))
    gone = next_url.startswith(reverse("pages:entry", args=[pk]))  # else one would be led to what is not there
    return answers.shown(request, "deleted", {"kept": kept, "next": home if gone else next_url})


@answers.change
def restore(request: HttpRequest) -> HttpResponse:
    kept = request.POST.get("kept", "")
    try:
        author_id, row = signing.loads(kept, salt=salt(request))
    except signing.BadSignature as error:
        raise BadRequest from error
    try:
        signing.loads(kept, salt=salt(request), max_age=UNDO_SECONDS)
    except signing.SignatureExpired:
        said = _("This was deleted too long ago to be undone. Here is what it said; you may write it again.")
        return answers.shown(request, "deleted", {"error": said, "text": row["entry"]}, status=410)
    if refused := limits.refusal(request):
        return answers.shown(request, "deleted", {"kept": kept, "error": refused.text}, status=429)
    try:
        devlog = written_again(author_id, row)
    except (ObjectDoesNotExist, ValidationError, rows.BadRowError, entries.ExternalIdTakenError):
        said = _("It could not be brought back as it was. Here is what it said; you may write it again.")
        return answers.shown(request, "deleted", {"error": said, "text": row["entry"]}, status=409)
    return answers.changed(request, devlog.pk)


@transaction.atomic
def written_again(author_id: int | None, row: dict[str, Any]) -> DevLog:
    """Write a deleted dev-log again, unless that was done already; return it."""
    # Locked, so that of two who undo at once the second finds what the first has written.
    users = get_user_model()._default_manager.select_for_update(no_key=True)
    author: User | None = users.get(pk=author_id) if author_id else None
    values = rows.checked(row)
    written = {"author": author, "created_at": values["created_at"], "entry": values["entry"]}
    if there := DevLog.objects.filter(**written).first():
        return there
    devlog = DevLog(**written, is_private=values["is_private"], external_id=values.get("external_id"))
    entries.write(devlog)
    bring_back(Row("", devlog, values))
    return devlog


urls = [
    path("entries/<int:pk>/delete/", delete, name="entry-delete"),
    path("entries/restore/", restore, name="entry-restore"),
]

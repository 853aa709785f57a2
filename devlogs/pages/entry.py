"""One entry: shown, edited, tagged again, made private or not."""

from __future__ import annotations

from django import forms
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from devlogs import entries
from devlogs.forms import EntryField
from devlogs.models import DevLog
from devlogs.pages import answers, cards, deleted, drafts, home, limits, tags
from devlogs.pages.access import login_first, may_use, open_or_login, wants_fragment
from tagging import queues
from tagging.api.limits import refuse_one_more, refuse_too_many
from tagging.models.attempt import digest_of


class EditForm(forms.ModelForm):
    entry = EntryField(label=_("Entry"))

    class Meta:
        model = DevLog
        fields = ["entry"]


class ChangedMeanwhileError(Exception):
    """The entry is another one than the form was opened with; `text` is what it is now."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


@require_safe
@open_or_login
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    return answers.shown(request, "entry", {"devlog": get_object_or_404(cards.queryset(request), pk=pk)})


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    text = request.POST.get("entry", "")
    if not may_use(request):
        if request.method == "POST" and not wants_fragment(request):
            return drafts.login_with_draft(request, text, request.path)
        return login_first(request, request.get_full_path())
    devlog = cards.queryset(request).filter(pk=pk).first()
    if request.method == "POST":
        return save(request, devlog) if devlog else gone(request, text)
    if not devlog:
        raise Http404
    draft = request.session.pop(drafts.KEY, "") if request.method == "GET" else ""
    if draft in ("", devlog.entry):
        return edit_form(request, form_of(devlog), digest_of(devlog.entry))
    typed = form_of(devlog, draft=draft)
    return edit_form(request, typed, digest_of(devlog.entry), now=devlog.entry, was_logged_out=True)


def form_of(devlog: DevLog, data: QueryDict | None = None, *, draft: str = "") -> EditForm:
    initial = {"entry": draft} if draft else None
    return EditForm(data, instance=devlog, initial=initial, auto_id=f"edit-{devlog.pk}-%s", label_suffix="")


def edit_form(request: HttpRequest, form: EditForm, opened: str, *, status: int = 200, **more: object) -> HttpResponse:
    """Show the form; `opened` is the digest of what it changes, and `now` what that is where both are to be seen."""
    context = {"devlog": form.instance, "form": form, "opened": opened, **more}
    return answers.shown(request, "entry_edit", context, status=status)


def gone(request: HttpRequest, text: str) -> HttpResponse:
    """Answer 404, with what was typed, which may be saved as a new entry."""
    error = _("That entry is not there any more. Here is what you wrote; saved now, it becomes a new one.")
    return home.render_home(request, text=text, error=str(error), status=404)


def save(request: HttpRequest, devlog: DevLog) -> HttpResponse:
    """Save what was typed, unless the entry was changed since the form was opened."""
    form, opened = form_of(devlog, request.POST), request.POST.get("opened", "")
    if not form.is_valid():
        return edit_form(request, form, opened, status=400)
    try:
        limits.count(request)
        write(devlog, form.cleaned_data["entry"], opened)
    except DevLog.DoesNotExist:
        return gone(request, form.cleaned_data["entry"])
    except ChangedMeanwhileError as error:
        return edit_form(request, form, digest_of(error.text), status=409, now=error.text)
    except limits.RefusedError as refused:
        form.add_error("entry", str(refused))
        return edit_form(request, form, opened, status=429)
    return answers.changed(request, devlog.pk)


@transaction.atomic
def write(devlog: DevLog, text: str, opened: str) -> None:
    now = entries.locked([devlog.pk]).values_list("entry", flat=True).get()
    if not EditForm.base_fields["entry"].has_changed(now, text):
        return
    if digest_of(now) != opened:
        raise ChangedMeanwhileError(now)
    with limits.of_pending():
        refuse_one_more(devlog)
    devlog.entry = text
    entries.edit(devlog, ["entry"])


@answers.change
def retag(request: HttpRequest, pk: int) -> HttpResponse:
    devlog = get_object_or_404(cards.queryset(request), pk=pk)
    with limits.of_pending():
        refuse_too_many(request.user.pk)
    with transaction.atomic():
        queues.retag([devlog.pk])
    return answers.changed(request, pk)


@answers.change
def set_private(request: HttpRequest, pk: int) -> HttpResponse:
    devlog = get_object_or_404(cards.queryset(request), pk=pk)
    wanted = {"true": True, "false": False}.get(request.POST.get("private", ""))
    if wanted is None:
        raise BadRequest
    if wanted != devlog.is_private:
        with limits.of_pending():
            refuse_one_more(devlog)
        entries.set_private([pk], wanted)
    return answers.changed(request, pk)


urls = [
    path("entries/<int:pk>/", entry, name="entry"),
    path("entries/<int:pk>/edit/", edit, name="entry-edit"),
    path("entries/<int:pk>/retag/", retag, name="entry-retag"),
    path("entries/<int:pk>/private/", set_private, name="entry-private"),
    *deleted.urls,
    *tags.urls,
]

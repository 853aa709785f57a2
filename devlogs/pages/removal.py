"""Deleting everything one wrote, once the password is given: the account itself stays."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from devlog_project.api.login import ThrottledForm, with_refusal
from devlog_project.api.models.tokens import end_tokens
from devlogs import entries
from devlogs.data import forgetting
from devlogs.models import DevLog
from devlogs.pages import drafts
from devlogs.pages.account import BATCHES, own_tokens, user_of
from devlogs.pages.login import is_password
from tagging.engine.batches import Portions, Run
from tagging.models import Batch

if TYPE_CHECKING:
    from django.http import QueryDict

logger = logging.getLogger(__name__)

# What is done in so many seconds is done when the page comes; what takes longer goes on beside the requests.
ANSWER_SECONDS = 5
GAP = 0.5


class RemovalForm(ThrottledForm):
    is_sure = forms.BooleanField(
        label=gettext_lazy("Yes, delete all of this. I know that nobody can bring it back."),
        error_messages={"required": gettext_lazy("Tick this box if you are sure.")},
    )
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self._request = request

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        with self.saying_refusals():
            if not is_password(self._request, password):
                raise ValidationError(_("This is not your password. Enter it once more."), code="wrong")
        return password


@sensitive_post_parameters("password")
@never_cache
@login_required
def removal(request: HttpRequest) -> HttpResponse:
    """Ask, saying what goes; delete it once that is confirmed."""
    form = RemovalForm(request, request.POST if request.method == "POST" else None)
    if form.is_valid():
        delete_all(request)
        return redirect("pages:account")
    user = user_of(request)
    context = {
        "form": form,
        "devlogs": DevLog.objects.filter(author=user).count(),
        "tokens": own_tokens(request).count(),
    }
    return with_refusal(render(request, "pages/removal.html", context, status=400 if form.is_bound else 200), form)


def delete_all(request: HttpRequest) -> None:
    """Delete one's tokens at once, so that nothing is written by them meanwhile, and the dev-logs in portions."""
    user = user_of(request)
    with transaction.atomic():  # whose lock on the user keeps what is brought back either before it all or out
        end_tokens(user)
        newest = DevLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        (rows,) = (written.filter(pk__lte=newest) for written in forgetting.written_by([user.pk]))
        total = rows.count()
        batch = Batch.objects.filter(person=user).begin(BATCHES, "All of one's own deleted", total, user.pk)
    logger.info("user=%s deletes all of their dev-logs: %s", user.pk, total)
    last = partial(forgetting.forget_rest, [user.pk])
    if Run(batch, Portions([rows], GAP), entries.remove, last).go_on(ANSWER_SECONDS):
        text = ngettext(
            "Everything is deleted: %(count)s dev-log, your tokens and your settings. Your account is still there.",
            "Everything is deleted: %(count)s dev-logs, your tokens and your settings. Your account is still there.",
            batch.done,
        )
        text %= {"count": number_format(batch.done, force_grouping=True)}
        messages.success(request, text, extra_tags=drafts.owner(request))
    else:
        text = _("This takes longer, and goes on by itself. This page says how far it is.")
        messages.info(request, text, extra_tags=drafts.owner(request))


urls = [path("account/delete/", removal, name="removal")]

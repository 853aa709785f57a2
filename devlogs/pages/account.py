"""What one has chosen, one's tokens, and what may be taken along or deleted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from devlog_project.api.models.tokens import MOST_TOKENS, TokenDetails
from devlogs import exports
from devlogs.models import AuthorSettings, DevLog
from devlogs.pages import errors, limits
from devlogs.pages.token_form import TokenForm
from tagging.models import Batch

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

# Of batches: where those are begun and shown that delete all of one's own.
BATCHES = "account"

View = Callable[..., HttpResponse]


def by_post(view: View) -> View:
    """Have people log in; lead back to the account who comes by a link, as after that login."""

    @login_required
    @wraps(view)
    def posted(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return view(request, *args, **kwargs) if request.method == "POST" else redirect("pages:account")

    return posted


def user_of(request: HttpRequest) -> User:
    return cast("User", request.user)


def own_tokens(request: HttpRequest) -> QuerySet[TokenDetails]:
    return TokenDetails.objects.filter(token__user=user_of(request))


def render_account(
    request: HttpRequest, *, form: TokenForm | None = None, made: str = "", status: int = 200
) -> HttpResponse:
    """Return the page. made: the text of a token that was made just now."""
    user = user_of(request)
    tokens = list(own_tokens(request).select_related("token").order_by("-pk")[: 2 * MOST_TOKENS + 1])
    context = {
        "tokens": tokens[: 2 * MOST_TOKENS],
        "has_more_tokens": len(tokens) > 2 * MOST_TOKENS,
        "now": timezone.now(),
        "form": form or TokenForm(),
        "made": made,
        "is_private": AuthorSettings.objects.filter(user=user, private_by_default=True).exists(),
        "batches": list(Batch.objects.filter(person=user).shown(BATCHES)),
    }
    return render(request, "pages/account.html", context, status=status)


@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    return render_account(request)


@by_post
def choose(request: HttpRequest) -> HttpResponse:
    """Set what a new dev-log is that does not say whether it is private."""
    chosen = {"private_by_default": "private_by_default" in request.POST}
    try:
        limits.count(request)
    except limits.RefusedError as refused:
        messages.error(request, str(refused))
    else:
        AuthorSettings.objects.update_or_create(user=user_of(request), defaults=chosen)
        messages.success(request, _("Your settings are saved."))
    return redirect("pages:account")


@never_cache
@login_required
def export(request: HttpRequest, name: str) -> HttpResponseBase:
    """Return all one wrote as a file."""
    if name not in exports.FORMATS:
        raise Http404
    try:
        return exports.as_file(DevLog.objects.filter(author=user_of(request)), name, request)
    except exports.TooManyExports as error:
        return errors.busy(request, error.wait)


urls = [
    path("account/", account, name="account"),
    path("account/settings/", choose, name="settings"),
    path("account/export/<str:name>/", export, name="export"),
]

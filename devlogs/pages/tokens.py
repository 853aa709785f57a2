"""One's tokens of the API: made, shown once, and revoked."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import AuthenticationFailed

from devlog_project.api.models.tokens import TooManyTokens, end_tokens, make_token
from devlogs.pages import limits
from devlogs.pages.account import by_post, own_tokens, render_account, user_of
from devlogs.pages.token_form import TokenForm


@never_cache
@by_post
def make(request: HttpRequest) -> HttpResponse:
    """Make a token. Its text stands in this answer alone: for a redirect to show it, it would have to be kept."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return render_account(request, form=form, status=400)
    try:
        limits.count(request)
        _details, text = make_token(user_of(request), form.cleaned_data["name"], form.life, is_limited=True)
    except TooManyTokens as error:
        form.add_error(None, str(error.detail))
        return render_account(request, form=form, status=error.status_code)
    except limits.RefusedError as refused:
        form.add_error(None, str(refused))
        return render_account(request, form=form, status=429)
    except AuthenticationFailed:  # the password was changed, or the account closed, meanwhile
        return redirect_to_login(reverse("pages:account"))
    return render_account(request, made=text)


@by_post
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    details = get_object_or_404(own_tokens(request).select_related("token"), pk=pk)
    details.token.delete()
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": details})
    return redirect("pages:account")


@by_post
def revoke_all(request: HttpRequest) -> HttpResponse:
    end_tokens(user_of(request))
    messages.success(request, _("All your tokens are revoked."))
    return redirect("pages:account")


urls = [
    path("account/tokens/", make, name="tokens"),
    path("account/tokens/revoke/", revoke_all, name="revoke-all"),
    path("account/tokens/<int:pk>/revoke/", revoke, name="revoke"),
]

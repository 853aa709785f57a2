"""What was typed when the session had run out already: it goes through the login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.shortcuts import render

from devlog_project.api.login import ThrottledLoginForm
from devlogs.models import ENTRY_MAX_LENGTH

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

KEY = "draft"
# More than an entry may hold: one that is too long is not lost either, but shown where it can be shortened.
MOST_CHARACTERS = 5 * ENTRY_MAX_LENGTH


class LoginForm(ThrottledLoginForm):
    """A login that carries along what was typed."""

    # A plain field, which refuses nothing: whatever was typed is no reason to keep somebody out.
    draft = forms.Field(required=False, widget=forms.HiddenInput)


def login_with_draft(request: HttpRequest, text: str, next_url: str = "/") -> HttpResponse:
    """Show the login page, which carries the text along."""
    form = LoginForm(request, initial={KEY: bounded(text)})
    return render(request, "pages/login.html", {"form": form, "next": next_url, **shown()}, status=403)


def keep(request: HttpRequest, text: str) -> None:
    """Keep the text in the session of who has just logged in, where the page with the box finds it."""
    text = bounded(text)
    if text.strip():
        request.session[KEY] = text


def owner(request: HttpRequest) -> str:
    """Return whose drafts a browser keeps; as the tag of a message, it has the page that shows it forget them."""
    return str(request.user.pk or "")


def bounded(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "")[:MOST_CHARACTERS]


def shown() -> dict[str, object]:
    """Return what the login page says of the site."""
    return {"is_open": settings.API_OPEN, "is_debug": settings.DEBUG}

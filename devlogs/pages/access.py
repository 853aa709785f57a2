"""Who may open the pages, and whose dev-logs they show."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from devlog_project.api.access import visible

View = Callable[..., HttpResponse]


def may_use(request: HttpRequest) -> bool:
    """Say whether the pages are there for whoever asks: people who are logged in, and all while DEBUG opens them."""
    return bool(request.user.is_authenticated or settings.API_OPEN)


def open_or_login(view: View) -> View:
    """Have people log in first, unless DEBUG opens the pages; a script that asks for a part of a page is told 401."""

    @wraps(view)
    def asked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if may_use(request):
            return view(request, *args, **kwargs)
        return login_first(request, request.get_full_path())

    return asked


def login_first(request: HttpRequest, next_url: str) -> HttpResponse:
    """Have people log in and go on at this address; a script is told 401."""
    if wants_fragment(request):
        return HttpResponse(status=401)
    return redirect_to_login(next_url, reverse("pages:login"))


def wants_fragment(request: HttpRequest) -> bool:
    """Say whether a script of our pages asks, which puts the answer into the page that is there."""
    return request.headers.get("X-Fragment") == "1"


def writer(request: HttpRequest) -> User | None:
    """Return who writes; None while the pages are open and nobody is logged in."""
    return request.user if request.user.is_authenticated else None


def mine(devlogs: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    """Narrow dev-logs to one's own; while the pages are open and nobody is logged in, to all that may be seen."""
    devlogs = visible(devlogs, request)
    return devlogs.filter(author=request.user) if request.user.is_authenticated else devlogs

"""Where people are taken when they have changed an entry: its card to a script, else back to where they were."""

from __future__ import annotations

from functools import wraps
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from devlogs.pages import cards, limits
from devlogs.pages.access import View, login_first, may_use, wants_fragment


def by_post(view: View) -> View:
    """Have people use a view who may use the pages, by a POST; who comes by a link is led to what there is to see."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def asked(request: HttpRequest, **kwargs: object) -> HttpResponse:
        if request.method != "POST":
            return redirect("pages:entry", *kwargs.values()) if kwargs else redirect("pages:home")
        if may_use(request):
            return view(request, **kwargs)
        return login_first(request, back(request, reverse("pages:home")))

    return asked


def change(view: View) -> View:
    """Have a view change an entry by a POST, within the limits on what one writes."""

    @by_post
    @wraps(view)
    def counted(request: HttpRequest, pk: int) -> HttpResponse:
        try:
            limits.count(request)
            return view(request, pk)
        except limits.RefusedError as refused:
            return changed(request, pk, error=refused, status=429)

    return counted


def back(request: HttpRequest, otherwise: str) -> str:
    """Return the address of ours where one was: as the form says it, or else the browser."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc == request.get_host() and came_from.path != request.path:
        otherwise = came_from._replace(scheme="", netloc="", fragment="").geturl()
    asked = request.POST.get("next") or request.GET.get("next") or otherwise
    is_ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if is_ours else reverse("pages:home")


def changed(request: HttpRequest, pk: int, *, error: object = "", status: int = 200) -> HttpResponse:
    """Show the card as it is now, or go back to where it stands; `error` says why nothing was changed."""
    if wants_fragment(request):
        devlog = get_object_or_404(cards.queryset(request), pk=pk)
        return render(request, "pages/_entry.html", {"devlog": devlog, "error": error}, status=status)
    if error:
        messages.error(request, str(error))
    return redirect(f"{back(request, reverse('pages:entry', args=[pk])).partition('#')[0]}#entry-{pk}")


def shown(request: HttpRequest, part: str, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    """Show a part to a script, and to all others a page with it; `next` is where one goes from there."""
    context.setdefault("next", back(request, reverse("pages:home")))
    template = f"pages/_{part}.html" if wants_fragment(request) else f"pages/{part}.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["X-Fragment"])
    return response

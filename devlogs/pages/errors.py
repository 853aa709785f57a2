"""What went wrong, as a page for browsers; for the API, and for all that do not ask for a page, as problem+json."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from devlog_project.api import problems
from devlogs.pages import home

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# The fields in which people type what is no secret, here and in the admin; what is longer than this is shown again.
TYPED = ("entry", "draft", "name", "aliases")
SHORT = 30
TOO_LARGE = _("What was sent is too large. Go back: your browser still holds it. Send less of it at a time.")
NO_CSRF = "The CSRF token is missing or wrong."


def wants_page(request: HttpRequest) -> bool:
    """Say whether a browser asks for a page, not a client of the API or a script."""
    return not request.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


def page(request: HttpRequest, status: int, title: StrOrPromise, text: StrOrPromise, **more: object) -> HttpResponse:
    """Return an error as a page, in the reader's language also where none is set yet."""
    if not hasattr(request, "user"):  # it came before the session was read: nothing is said of a login
        return bare_page(request, status, title, text)
    context = {"title": title, "text": text, "status": status, **more}
    with translation.override(translation.get_language_from_request(request)):
        response = render(request, "pages/error.html", context, status=status)
    patch_vary_headers(response, ["Accept"])
    response["Cache-Control"] = "no-store"
    return response


def bare_page(request: HttpRequest, status: int, title: StrOrPromise, text: StrOrPromise) -> HttpResponse:
    """Return an error as a page that asks neither a database nor a session."""
    with translation.override(translation.get_language_from_request(request)):
        text = render_to_string("pages/trouble.html", {"title": title, "text": text})
    response = HttpResponse(text, status=status)
    response["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    if not wants_page(request):
        return problems.bad_request(request, exception)
    return page(request, 400, _("This could not be understood"), _("If a link led you here, it is broken."))


def too_large(request: HttpRequest) -> HttpResponse:
    if not wants_page(request):
        return problems.answer(413, "The request is too large.")
    return page(request, 413, _("That was too much at once"), TOO_LARGE)


def refused(request: HttpRequest, detail: StrOrPromise) -> HttpResponse:
    """Return 400 with what is wrong: to machines in English, also where no language is set yet."""
    if not wants_page(request):
        with translation.override("en"):
            return problems.answer(400, str(detail))
    return page(request, 400, _("This could not be understood"), detail)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not wants_page(request):
        return problems.permission_denied(request, exception)
    text = _("Your account may not do this. Ask who runs this site, or log in with another account.")
    return page(request, 403, _("This is not allowed"), text)


@csrf_exempt  # to tell that there is nothing takes no proof of who asks
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Also routed for all that nothing else took, so that DEBUG's page does not answer."""
    if not wants_page(request):
        return problems.not_found(request, exception)
    if exception is None and request.method == "GET" and is_page(f"{request.path_info}/"):
        return redirect(f"{request.path}/")
    text = _("The address is wrong, or what stood there was deleted, or it is another person's.")
    return page(request, 404, _("There is nothing here"), text)


def is_page(address: str) -> bool:
    """Say whether one of our pages has this address."""
    try:
        return resolve(address).app_name == "pages"
    except Resolver404:
        return False


def server_error(request: HttpRequest) -> HttpResponse:
    if not wants_page(request):
        return problems.server_error(request)
    text = _("It has been logged. Try again in a while; if it stays, tell who runs this site.")
    return bare_page(request, 500, _("Something went wrong on our side"), text)


def busy(request: HttpRequest, seconds: int) -> HttpResponse:
    """Return 503 where others take all there is."""
    text = _("Others are fetching their files at the moment. Try again in half a minute.")
    response = page(request, 503, _("Please try again in a moment"), text)
    response["Retry-After"] = str(seconds)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what happened when a form came without its proof, and show again what was typed."""
    if not (wants_page(request) or request.path.startswith("/admin/")):
        return problems.answer(403, f"{NO_CSRF} {reason}".strip())
    sent = request.POST  # what is too large raises here, and is told that instead
    is_ours = is_from_us(request)
    if is_ours and request.path == "/" and "entry" in sent:
        error = _("This page was too old to be sent; it is a new one now. Save the entry once more.")
        response = home.render_home(request, text=sent["entry"], error=str(error), status=403)
        response["Cache-Control"] = "no-store"
        return response
    text = _(
        "Nothing was changed. Most often somebody has logged in or out in another tab since the page was opened; "
        "or this browser keeps no cookies of this site. Open the page anew, and send it once more."
    )
    typed = long_texts(request) if is_ours else []
    return page(request, 403, _("The page was too old to be sent"), text, back=referrer(request), typed=typed)


def is_from_us(request: HttpRequest) -> bool:
    """Say whether a page of ours sent it, as the browser says: what another site has sent nobody typed here."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    return urlsplit(origin).netloc == request.get_host()


def referrer(request: HttpRequest) -> str:
    """Return the page of ours that the request came from."""
    address = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours else ""


def long_texts(request: HttpRequest) -> list[str]:
    """Return what was typed into a form and is not typed anew in a moment."""
    texts = (request.POST.get(name, "") for name in TYPED)
    return [text for text in texts if len(text) > SHORT or "\n" in text]

"""The page at `/`: one box to write in, and below it what one wrote."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from devlogs import entries
from devlogs.forms import EntryForm
from devlogs.models import AuthorSettings, DevLog
from devlogs.pages import cards, drafts, limits
from devlogs.pages.access import may_use, open_or_login, wants_fragment, writer
from devlogs.pages.listing import Listing, by_day
from tagging.api.limits import refuse_too_many

EXAMPLE = (
    "Heute habe ich eine Anwendung mit Django geschrieben. Diese Anwendung schreibt Informationen nach "
    "Elasticsearch und ist auf ImaginaryNoneExistence Cloud deployed."
)
# So many cards a script may ask for at once.
MOST_CARDS = 50
IDS = re.compile(r"[0-9]{1,18}(,[0-9]{1,18})*")
PLAIN = "text/plain; charset=utf-8"


@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return write(request) if may_use(request) else logged_out(request)
    return look(request)


@open_or_login
def look(request: HttpRequest) -> HttpResponse:
    """Show what was written; in the box what was typed before a login, or an example."""
    text = request.session.pop(drafts.KEY, "") if request.method == "GET" else ""
    notice = _("Your text is still here. It is not saved yet.") if text else ""
    return render_home(request, text=text or (EXAMPLE if "example" in request.GET else ""), notice=notice)


def render_home(
    request: HttpRequest, *, text: str = "", error: str = "", notice: str = "", status: int = 200
) -> HttpResponse:
    """Show the page with this text in its box, and what is to say of it."""
    if not may_use(request):
        return logged_out(request)
    form = EntryForm(initial={"entry": text, "is_private": is_private_wanted(request)})
    return show(request, form, [error] if error else [], notice=notice, status=status)


def write(request: HttpRequest) -> HttpResponse:
    """Save an entry; what cannot be saved comes back with the reason."""
    devlog = DevLog(author=writer(request))
    form = EntryForm(request.POST, instance=devlog)
    if not form.is_valid():
        return show(request, form, [str(error) for errors in form.errors.values() for error in errors], status=400)
    try:
        limits.count(request)
        with limits.of_pending():
            refuse_too_many(request.user.pk)
    except limits.RefusedError as refused:
        answer = show(request, form, [str(refused)], status=429)
        answer["Retry-After"] = str(refused.retry_after)
        return answer
    entries.write(devlog)
    if not wants_fragment(request):
        return redirect("pages:entry", devlog.pk)
    written = list(cards.queryset(request).filter(pk=devlog.pk))
    return render(request, "pages/_days.html", {"days": by_day(written)}, status=201)


def show(
    request: HttpRequest, form: EntryForm, errors: list[str], *, notice: str = "", status: int = 200
) -> HttpResponse:
    """Show the page; or the errors alone, for a page that is there already."""
    if wants_fragment(request) and errors:
        return HttpResponse("\n".join(errors), PLAIN, status)
    listing = Listing(request)
    shown = {"form": form, "errors": errors, "notice": notice, "listing": listing, "days": listing.days}
    shown["is_of_nobody"] = not request.user.is_authenticated
    return render(request, "pages/home.html", shown, status=400 if listing.problems and status == 200 else status)


def logged_out(request: HttpRequest) -> HttpResponse:
    """Have one log in first, and keep what was typed."""
    if wants_fragment(request):
        return HttpResponse(status=401)
    home_url = reverse("pages:home")
    was_private = "?new=private" if request.POST.get("is_private") else ""
    return drafts.login_with_draft(request, request.POST.get("entry", ""), home_url + was_private)


def is_private_wanted(request: HttpRequest) -> bool:
    """Say whether the box is ticked: as it was before, or as one has set."""
    if request.method == "POST" or request.GET.get("new") == "private":
        return bool(request.POST.get("is_private") or request.GET.get("new") == "private")
    return AuthorSettings.objects.filter(user=request.user.pk, private_by_default=True).exists()


@open_or_login
@require_safe
def entries_now(request: HttpRequest) -> HttpResponse:
    """Show the cards of some dev-logs, which a page that waits for their tags asks for."""
    ids = request.GET.get("ids", "")
    if not IDS.fullmatch(ids) or ids.count(",") >= MOST_CARDS:
        text = _("`ids` are the ids of at most %(most)d entries, with commas between them.") % {"most": MOST_CARDS}
        return HttpResponse(text, PLAIN, 400)
    devlogs = cards.queryset(request).filter(pk__in=ids.split(","))
    return render(request, "pages/_cards.html", {"devlogs": devlogs})


urls = [path("", home, name="home"), path("entries/", entries_now, name="cards")]

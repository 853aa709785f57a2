"""The tags of an entry, as a person sets them and takes them off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from itertools import chain, islice
from typing import NamedTuple
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.html import format_html_join
from django.views.decorators.http import require_http_methods, require_safe

from devlogs.models import DevLog
from devlogs.pages import answers, cards, limits
from devlogs.pages.access import login_first, may_use, mine, open_or_login, writer
from tagging.curation import edits
from tagging.curation.vocabulary import NameRefusedError
from tagging.extraction import lexicon
from tagging.models import DevLogTag, Job
from tagging.models.term import taught_names

# So many of the latest entries tell which tags one uses most: no more work for who has written for years.
LATEST = 500
SUGGESTED = 20


def suggestions(request: HttpRequest, beginning: str) -> dict[str, str]:
    """Return the names of tags that are meant so, each with the alias that was typed, if it was one.

    First what stands for exactly this, then what one uses most, then what everybody knows, the shortest first.
    """
    wanted = beginning.strip().casefold()
    used = list(used_most(request))
    if not wanted:
        return dict.fromkeys(used[:SUGGESTED], "")
    taught_names.refresh()
    meant = lexicon.known(beginning)
    fits = fitting(wanted, used)
    names = [meant.name] if meant else []
    names += [name for name in used if name in fits]
    names += nsmallest(SUGGESTED, fits, key=lambda name: (fits[name], name))
    aliases = {
        name: "" if wanted in name.casefold() else fits[name].spelling if name in fits else beginning.strip()
        for name in names
    }
    return dict(islice(aliases.items(), SUGGESTED))


class Fit(NamedTuple):
    """How well a name fits what was typed: by its beginning, or by a word further on."""

    is_further_on: bool
    length: int
    spelling: str


def fitting(wanted: str, used: Iterable[str]) -> dict[str, Fit]:
    """Return the names that begin so, or one of whose aliases or words does; what is only used has no aliases."""
    known = lexicon.load().by_name
    fits = dict[str, Fit]()
    for name in chain(known, used):
        folded = name.casefold()
        if is_further_on := f" {wanted}" in folded or f"-{wanted}" in folded:
            fits[name] = Fit(is_further_on, len(name), name)
        if folded.startswith(wanted):
            fits[name] = Fit(False, len(name), name)
    for name, spellings in known.items():
        for each in spellings:
            if each.written.casefold().startswith(wanted):
                fit = Fit(False, len(each.written), each.written)
                fits[name] = min(fit, fits.get(name, fit))
    return fits


def used_most(request: HttpRequest) -> Iterator[str]:
    latest = mine(DevLog.objects.order_by("-created_at", "-pk"), request).values_list("pk", flat=True)[:LATEST]
    taggings = DevLogTag.objects.order_by().filter(devlog__in=list(latest))
    uses = Counter(taggings.values_list("tag__name", flat=True))
    return (name for name, _ in uses.most_common())


def options(names: Mapping[str, str]) -> str:
    """Return these names as options; a browser shows only those whose value or text holds what was typed."""
    return format_html_join("", '<option value="{}">{}</option>', names.items())


@require_safe
@open_or_login
def suggest(request: HttpRequest) -> HttpResponse:
    return HttpResponse(options(suggestions(request, request.GET.get("q", ""))))


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    name = (request.POST.get("name") or request.GET.get("name") or "").strip()
    if not may_use(request):
        return login_first(request, f"{request.path}?{urlencode({'name': name})}")
    error, status = "", 200
    if request.method == "POST":
        try:
            limits.count(request)
            with transaction.atomic():
                edits.add(locked(request, pk), name, writer(request))
        except NameRefusedError as refused:
            error, status = str(refused), 400
        except edits.FullError as full:
            error, status = str(full), 409
        except limits.RefusedError as too_many:
            error, status = str(too_many), 429
        else:
            return answers.changed(request, pk)
    devlog = get_object_or_404(cards.queryset(request), pk=pk)
    context = {"devlog": devlog, "name": name, "error": error, "options": options(suggestions(request, ""))}
    return answers.shown(request, "tag_add", context, status=status)


@answers.change
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    with transaction.atomic():
        edits.remove(locked(request, pk), request.POST.get("name", ""), writer(request))
    return answers.changed(request, pk)


def locked(request: HttpRequest, pk: int) -> DevLog:
    """Return the dev-log with its job locked: until the transaction ends no worker settles it."""
    devlogs = mine(DevLog.objects.filter(pk=pk), request)
    list(Job.objects.filter(devlog__in=devlogs).select_for_update().values_list("pk"))
    return get_object_or_404(devlogs)


urls = [
    path("entries/tags/", suggest, name="tags"),
    path("entries/<int:pk>/tags/", add, name="entry-tags"),
    path("entries/<int:pk>/tags/remove/", remove, name="entry-tags-remove"),
]

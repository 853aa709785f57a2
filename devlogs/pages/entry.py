"""One entry: shown, changed and deleted."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path

from devlogs.pages import cards
from devlogs.pages.access import open_or_login


@open_or_login
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "pages/_entry.html", {"devlog": get_object_or_404(cards.queryset(request), pk=pk)})


urls = [path("entries/<int:pk>/", entry, name="entry")]

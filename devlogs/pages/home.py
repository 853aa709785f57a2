"""The page at `/`: one box to write in, and below it what one wrote."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from devlogs.pages.access import open_or_login


def render_home(request: HttpRequest, *, text: str = "", error: str = "", status: int = 200) -> HttpResponse:
    return render(request, "pages/home.html", {"text": text, "error": error}, status=status)


@open_or_login
def home(request: HttpRequest) -> HttpResponse:
    return render_home(request)


urls = [path("", home, name="home")]

"""One's tech stack, drawn and in figures."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from devlogs.pages.access import open_or_login


@open_or_login
def stack(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/stack.html")


urls = [path("stack/", stack, name="stack")]

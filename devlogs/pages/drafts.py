"""What was typed when the session had ran out already: it goes through the login."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def login_with_draft(request: HttpRequest, text: str, next_url: str = "/") -> HttpResponse:
    """Show the login page, which carries the text along."""
    return render(request, "pages/login.html", {"draft": text, "next": next_url})

"""What no text may be, kept from every view, Django's own and the admin's too: in another encoding, or with a NUL."""

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from devlog_project.api import problems


class Utf8(HttpRequest):
    """Reads what came as UTF-8. By a charset of the client's choice Django fails: it may be no encoding, as `hex`."""

    @property
    def encoding(self) -> str:
        return settings.DEFAULT_CHARSET

    @encoding.setter
    def encoding(self, value: str) -> None:
        """Change nothing."""


class Utf8WSGIRequest(Utf8, WSGIRequest):
    pass


class Utf8ASGIRequest(Utf8, ASGIRequest):
    pass


class NulMiddleware(MiddlewareMixin):
    """Refuse a NUL, which PostgreSQL neither stores nor looks up."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        query = request.META.get("QUERY_STRING", "")
        if "%00" in query or "\0" in query:
            return problems.answer(400, "A NUL character (%00) stands in the query; leave it out.")
        if "\0" in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]  # there is no such session
        return None

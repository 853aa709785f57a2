"""What a client may send and no view expects, the admin's and Django's own included: encodings, NULs, huge values."""

import logging

from django.conf import settings
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import SEARCH_VAR, ChangeListSearchForm
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.formats import number_format
from django.utils.text import smart_split
from django.utils.translation import gettext_lazy as _

from devlog_project.api.ids import is_id
from devlogs.pages import errors

logger = logging.getLogger(__name__)

MAX_WORDS = 100
# SQLite looks for no pattern of more than 50,000 bytes.
MAX_LENGTH = 1_000


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


class OddValuesMiddleware(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Refuse a NUL, which PostgreSQL neither stores nor looks up."""
        query = request.META.get("QUERY_STRING", "")
        if "%00" in query or "\0" in query:
            return errors.refused(request, _("A NUL character (%00) stands in the query; leave it out."))
        if "\0" in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]  # there is no such session
        return None

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        """Refuse a filter of the admin that the database cannot do, or not in a bounded time."""
        if not is_of_admin(request):
            return None
        for name, values in request.GET.lists():
            path, separator, lookup = name.rpartition("__")
            if separator and lookup in ("regex", "iregex"):
                text = _("No list is filtered by a regular expression; use %(filter)s.")
                return errors.refused(request, text % {"filter": f"{path}__contains"})
            if (separator or name == "term") and max(map(len, values), default=0) > MAX_LENGTH:
                text = _("A filter holds at most %(most)s characters.")
                return errors.refused(request, text % {"most": number_format(MAX_LENGTH, force_grouping=True)})
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Refuse a value that fits nowhere: a year in a filter of the admin, the id of a row that was chosen."""
        if isinstance(exception, OverflowError) and request.GET:
            return errors.refused(request, _("A number in the query is too large."))
        if isinstance(exception, (OverflowError, ValueError)) and is_of_admin(request):
            if request.method in ("GET", "HEAD") and request.GET:
                logger.warning("A value in the query of %s was refused", request.path, exc_info=exception)
                return errors.refused(request, _("A value in the query is out of range; leave it out."))
            if any(not is_id(chosen) for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME)):
                return errors.refused(request, _("A row was chosen that cannot be; choose from the list again."))
        return None


def is_of_admin(request: HttpRequest) -> bool:
    return bool(request.resolver_match and request.resolver_match.app_name == "admin")


class SearchForm(ChangeListSearchForm):
    """A search of the admin, which the database could not do for thousands of words, or for a very long one."""

    def clean(self) -> dict[str, str]:
        """Keep the first words, which the search box then shows: an error would list everything instead."""
        text = (self.cleaned_data.get(SEARCH_VAR) or "")[:MAX_LENGTH]
        words = list(smart_split(text))
        return {SEARCH_VAR: " ".join(words[:MAX_WORDS]) if len(words) > MAX_WORDS else text}

"""The pages for people."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern

from devlogs.pages import account, entry, home, login, removal, stack, tokens


def private(page: URLPattern) -> URLPattern:
    """Have a page kept by nobody but its reader's browser, which asks each time whether it still holds."""
    view: Callable[..., HttpResponseBase] = page.callback

    @wraps(view)
    def asked(request: HttpRequest, **kwargs: object) -> HttpResponseBase:
        response = view(request, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return URLPattern(page.pattern, asked, page.default_args, page.name)


app_name = "pages"
urlpatterns = [
    private(page)
    for page in [
        *home.urls,
        *entry.urls,
        *stack.urls,
        *account.urls,
        *tokens.urls,
        *removal.urls,
        *login.urls,
    ]
]

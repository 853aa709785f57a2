"""The language of pages is their reader's; the API and MCP speak English, whatever its client says."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

ENGLISH = "en"


class PageLanguageMiddleware(LocaleMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        if is_of_api(request):
            translation.activate(ENGLISH)
            request.LANGUAGE_CODE = ENGLISH
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Say which language it is in, and that it depends on what the reader prefers."""
        if is_of_api(request) or not isinstance(response, HttpResponse):
            return response
        return super().process_response(request, response)


def is_of_api(request: HttpRequest) -> bool:
    return f"{request.path_info}/".startswith(("/api/", "/mcp/"))

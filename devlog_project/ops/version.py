"""Which version answers, for those who run it: by a token, or at the probes, which a proxy keeps from strangers."""

from django import template
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from devlog_project import VERSION
from devlog_project.ops.probes import PROBES

HEADER = "X-Version"
register = template.Library()


@register.simple_tag
def version() -> str:
    return VERSION


class VersionMiddleware(MiddlewareMixin):
    """Name the version to probes, and to clients of the API that have shown a token."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # Set by the API alone, and only for a token that is good.
        if request.path_info in PROBES or getattr(request, "auth", None):
            response.headers[HEADER] = VERSION
        return response

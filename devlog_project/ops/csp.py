"""What a page may load and run: only what this server itself serves, and nothing that stands inside the page."""

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

HEADER = "Content-Security-Policy"
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
# What DEBUG's own pages of an error say of themselves; an entry cannot, since it is escaped.
OF_DEBUG = b"<code>DEBUG = True</code>"


class ContentSecurityPolicy(MiddlewareMixin):
    """Set the policy on every answer but DEBUG's own pages of an error, whose styles stand inside them."""

    def process_response(self, request: object, response: HttpResponseBase) -> HttpResponseBase:
        if not (settings.DEBUG and response.status_code in (404, 500) and OF_DEBUG in content(response)):
            response.headers.setdefault(HEADER, POLICY)
        return response


def content(response: HttpResponseBase) -> bytes:
    return b"" if response.streaming else getattr(response, "content", b"")

"""What browsers are told with every answer: load and run only what this server itself serves, believe no other type,
let no other page hold this one.

The middleware stands before all others, so that a probe, a static file, a redirect and an error carry these too.
"""

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

HEADER = "Content-Security-Policy"
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    HEADER: POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# What DEBUG's own pages of an error say of themselves; an entry cannot, since it is escaped.
OF_DEBUG = b"<code>DEBUG = True</code>"


class ContentSecurityPolicy(MiddlewareMixin):
    """Set these headers, whatever a view chose; DEBUG's own pages of an error have styles inside, and no policy."""

    def process_response(self, request: object, response: HttpResponseBase) -> HttpResponseBase:
        is_of_debug = settings.DEBUG and response.status_code in (404, 500) and OF_DEBUG in content(response)
        for name, value in HEADERS.items():
            if name != HEADER or not is_of_debug:
                response.headers[name] = value
        return response


def content(response: HttpResponseBase) -> bytes:
    return b"" if response.streaming else getattr(response, "content", b"")

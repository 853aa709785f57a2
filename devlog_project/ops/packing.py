"""Answers are sent packed to clients that take them so."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import gzip


class GZipMiddleware(gzip.GZipMiddleware):
    """Django's, with its random bytes against BREACH; an export, which comes a piece at a time, is sent as it is.

    Packed, each of its pieces would be flushed by itself, which costs the processor more than it saves of the line.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if response.streaming else super().process_response(request, response)

"""A model behind a mock transport, and what the tests ask it."""

import json

import httpx2
import pytest

from tagging.extraction.base import ExtractionError, WaitingFor
from tests.support.replies import reply_named

PLANTED = "hunter2-Nachtfalke"
KEY = "sk-test-0123456789abcdefghij"
ENTRY = "Heute Django mit Redis verbunden, geheimes Projekt Nachtfalke."
PROVIDER, RATE_LIMIT = WaitingFor.PROVIDER, WaitingFor.RATE_LIMIT


class Model:
    """A model behind a mock transport: gives the named replies in turn, then good answers, and keeps the bodies."""

    def __init__(self, *names):
        self.names = list(names)
        self.bodies = []

    def __call__(self, request):
        self.bodies.append(json.loads(request.content))
        name = self.names.pop(0) if self.names else "ok"
        if isinstance(name, Exception):
            raise name
        reply = reply_named(name, self.bodies[-1], request.headers["authorization"])
        # As a stream, for the extractor to read as it does over a socket.
        headers = {"content-type": reply.content_type, **reply.headers}
        return httpx2.Response(reply.status, stream=httpx2.ByteStream(reply.body), headers=headers)

    @property
    def formats(self):
        return [body.get("response_format", {}).get("type") for body in self.bodies]


def failure(extractor, entry=ENTRY):
    with pytest.raises(ExtractionError) as caught:
        extractor.extract(entry)
    return caught.value

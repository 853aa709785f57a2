"""Bodies that cannot be read to their end, and what is no HTTP request at all."""

import asyncio
import json

import pytest
from django.test import AsyncClient

from devlog_project import asgi
from devlogs.models import DevLog

URL = "/api/v1/devlogs/"
PROBLEM = "application/problem+json"


class BrokenBody:
    """What a server gives Django as the body of a client that has hung up."""

    def read(self, *_):
        raise ConnectionResetError

    readline = read

    def close(self):
        pass


def test_a_client_that_hangs_up_in_its_body_is_no_fault_of_the_server(client):
    response = client.generic("POST", URL, "{}", "application/json", **{"wsgi.input": BrokenBody()})

    assert (response.status_code, response["Content-Type"]) == (400, PROBLEM)
    assert response.json()["detail"] == "The body could not be read to its end."


@pytest.mark.django_db(transaction=True)
def test_an_asgi_server_refuses_a_body_of_megabytes_as_the_others_do():
    entry = json.dumps({"entry": "x" * 3 * 2**20})
    response = asyncio.run(AsyncClient().post(URL, entry, content_type="application/json"))

    assert (response.status_code, response["Content-Type"]) == (413, PROBLEM)
    assert not DevLog.objects.exists()


def test_a_websocket_is_closed_and_not_a_traceback():
    sent = []

    async def send(message):
        sent.append(message["type"])

    asyncio.run(asgi.application({"type": "websocket"}, None, send))

    assert sent == ["websocket.close"]

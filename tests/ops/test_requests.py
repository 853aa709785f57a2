"""How the requests of one process are counted."""

import asyncio
import os

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from devlog_project.ops.metrics.requests import CountRequests, kind_of, requests
from tagging.engine.traces import OTHER
from tests.support.effort import steps
from tests.support.scraping import value
from tests.support.waiting import at_once

COUNT = "http_server_request_duration_seconds_count"
# Of Python's instructions, for one more middleware: a POST takes some 20,000.
MOST_STEPS = 200


@pytest.fixture
def scraped(client, db):
    return lambda: client.get("/metrics", REMOTE_ADDR="127.0.0.1", HTTP_HOST="localhost").content.decode()


def test_a_request_is_counted_by_method_route_and_status(api, scraped):
    devlog = api.post("/api/v1/devlogs/", {"entry": "Wrote a Django app."}).json()["id"]
    for _ in range(2):
        api.get(f"/api/v1/devlogs/{devlog}/")
    api.get("/api/v1/devlogs/987654321/")

    one = {"http_route": "/api/v1/devlogs/<pk>/", "http_request_method": "GET"}
    assert value(scraped(), COUNT, **one, http_response_status_code="200") == 2
    assert value(scraped(), COUNT, **one, http_response_status_code="404") == 1
    assert value(scraped(), COUNT, http_request_method="POST", http_response_status_code="201") == 1


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
@pytest.mark.django_db
def test_a_message_of_an_agent_is_one_request_whatever_its_tool_asks(client, settings, path):
    settings.API_OPEN = True
    params = {"name": "search_logs", "arguments": {}}
    client.post(path, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, "application/json")

    assert [*requests.seen()] == [("POST", path, 200)]


@pytest.mark.django_db
def test_who_asks_can_make_up_no_label(client, scraped):
    client.raise_request_exception = False
    for number in range(20):
        client.get(f"/nothing/{number}")
        client.generic(f"BREW{number}", "/api/v1/devlogs/")

    assert {(method, route) for method, route, _ in requests.seen()} == {("GET", ""), (OTHER, "/api/v1/devlogs/")}


def test_probes_and_scrapes_are_not_counted(client, scraped):
    for path in ("/healthz", "/livez", "/readyz", "/metrics"):
        client.get(path)

    assert value(scraped(), COUNT) is None


def test_a_request_on_an_asgi_server_is_counted_too():
    async def answer(request):
        return HttpResponse(status=201)

    asyncio.run(CountRequests(answer)(RequestFactory().post("/")))

    assert sum(requests.seen()["POST", "", 201].counts) == 1


def test_to_count_a_request_takes_little_beside_a_post():
    request, response = RequestFactory().post("/"), HttpResponse()
    middleware = CountRequests(lambda request: response)
    middleware(request)

    assert steps(middleware, request) < MOST_STEPS


def test_requests_at_once_are_all_counted():
    at_once(2000, lambda: requests.note(("GET", "/", 200), 0.001))

    assert sum(requests.seen()["GET", "/", 200].counts) == 2000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_begins_with_none():
    requests.note(kind_of(RequestFactory().get("/"), 200), 0.001)
    reader, writer = os.pipe()
    if not (child := os.fork()):
        os.write(writer, str(len(requests.seen())).encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reader, 10) == b"0"
    assert len(requests.seen()) == 1

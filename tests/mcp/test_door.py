"""Who may send a message, and what is answered to all others: as at the API."""

import logging

import pytest
from django.db import OperationalError
from django.db.models import QuerySet
from django.test import Client
from knox.models import AuthToken

from tests.support.agents import OLD, URL, Agent
from tests.support.tokens import PASSED

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def refusal(agent, **headers):
    answer = agent.send("tools/list", **headers)
    return answer.status_code, answer["Content-Type"], answer.json()["detail"]


def ping(agent, **more):
    return agent.client.post(more.pop("path", URL), PING, "application/json", headers=agent.headers, **more)


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_it_answers_with_a_slash_and_without_and_redirects_nobody(agent, path):
    answer = ping(agent, path=path)

    assert (answer.status_code, answer.json()["result"]) == (200, {})


def test_another_address_that_begins_so_is_not_there(agent):
    assert ping(agent, path="/mcpx").status_code == 404


@pytest.mark.parametrize("method", ["get", "delete", "put", "options"])
def test_all_but_a_post_is_405_and_says_so(agent, method):
    answer = getattr(agent.client, method)(URL, headers=agent.headers | {"Accept": "text/event-stream"})

    assert (answer.status_code, answer["Content-Type"], answer["Allow"]) == (405, PROBLEM, "POST")


def test_a_client_that_asks_for_a_stream_as_those_of_2025_do_leaves_no_warning(agent, caplog):
    with caplog.at_level(logging.INFO, "django.request"):
        agent.client.get(URL, headers=agent.headers | {"Accept": "text/event-stream"})

    assert [(line.levelname, line.getMessage()) for line in caplog.records] == [("INFO", "Method Not Allowed: /mcp")]


def test_without_a_token_it_is_401_with_what_is_asked_for():
    answer = Agent().send("tools/list")

    assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_token_is_401():
    assert refusal(Agent("x" * 64)) == (401, PROBLEM, "Invalid token.")


def test_an_expired_token_is_401(ada):
    assert refusal(Agent(AuthToken.objects.create(ada, expiry=PASSED)[1])) == (401, PROBLEM, "Invalid token.")


def test_a_token_is_refused_from_the_moment_it_is_revoked(agent):
    assert agent.send("tools/list").status_code == 200

    AuthToken.objects.all().delete()

    assert agent.send("tools/list").status_code == 401


def test_who_is_logged_in_at_the_page_is_nobody_here(ada):
    client = Client()
    client.force_login(ada)

    assert client.post(URL, PING, "application/json").status_code == 401


def test_a_message_needs_no_csrf_token(agent):
    agent.client.handler.enforce_csrf_checks = True

    assert ping(agent).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil.example", "http://[x"])
def test_a_page_of_another_site_is_refused_with_a_token_too(agent, origin):
    answer = agent.send("tools/list", Origin=origin)

    assert (answer.status_code, answer.json()["error"]["message"]) == (403, "Invalid Origin header")


def test_an_origin_of_our_own_host_passes(agent):
    assert agent.send("tools/list", Origin="http://testserver").status_code == 200


def test_no_page_of_another_origin_may_read_an_answer(agent, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://pages.example"]

    assert not agent.send("ping", Origin="https://pages.example").has_header("Access-Control-Allow-Origin")


def test_where_debug_opens_the_api_no_token_is_needed(settings):
    settings.API_OPEN = True

    assert Agent().send("tools/list").status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_does_not_say_that_it_is_json_is_415(agent, content_type):
    answer = agent.client.generic("POST", URL, b"{}", content_type, headers=agent.headers)

    assert (answer.status_code, answer["Content-Type"]) == (415, PROBLEM)


@pytest.mark.parametrize("size", [300 * 1024, 3 * 1024 * 1024])
def test_a_message_larger_than_the_api_takes_is_413(agent, size):
    answer = agent.client.post(URL, {"x": "x" * size}, "application/json", headers=agent.headers)

    assert (answer.status_code, answer["Content-Type"]) == (413, PROBLEM)


def test_who_is_not_known_is_told_so_before_a_byte_of_a_large_message_is_read():
    answer = Client().post(URL, {"x": "x" * 3 * 1024 * 1024}, "application/json")

    assert answer.status_code == 401


def test_a_message_in_chunks_without_a_length_is_told_what_is_missing(agent):
    answer = ping(agent, HTTP_TRANSFER_ENCODING="chunked")

    assert (answer.status_code, answer["Content-Type"]) == (411, PROBLEM)


@pytest.mark.parametrize("body", [b"{", b"[]", b"[{}]", b'{"jsonrpc": "2.0", "id": 1}', b"\xff"])
def test_what_is_no_message_is_an_error_of_json_rpc(agent, body):
    answer = agent.client.generic("POST", URL, body, "application/json", headers=agent.headers)

    assert (answer.status_code, answer.json()["error"]["code"]) in [(400, -32700), (400, -32600)]


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"jsonrpc": "2.0", "params": {"x": ' + b"[" * 100_000])
def test_what_is_nested_too_deeply_is_no_fault_of_ours(agent, body):
    answer = agent.client.generic("POST", URL, body, "application/json", headers=agent.headers)

    assert (answer.status_code, answer.json()["error"]) == (400, {"code": -32700, "message": "Nested too deeply"})


def test_while_the_database_is_away_it_is_503_and_says_when_to_come_back(agent, monkeypatch):
    def fail(*args):
        raise OperationalError("gone")

    monkeypatch.setattr(QuerySet, "_fetch_all", fail)
    monkeypatch.setattr("django.db.models.query.RawQuerySet.__iter__", fail)

    answer = agent.send("tools/list")

    assert (answer.status_code, answer["Content-Type"], answer["Retry-After"]) == (503, PROBLEM, "5")


def test_messages_are_not_counted_as_writes(ada, agent, settings):
    settings.API_POSTS_PER_MINUTE = 5

    assert [agent.send("tools/list").status_code for _ in range(8)] == [200] * 8


def test_it_speaks_english_whatever_the_client_says(agent):
    agent.headers |= {"Accept-Language": "de"}

    answer = agent.send("tools/call", {"name": "log_work", "arguments": {"entry": " "}})

    assert answer.json()["result"]["content"][0]["text"] == "Bad Request (400). entry: This field may not be blank."
    assert not answer.has_header("Content-Language")


def test_a_client_of_an_older_revision_may_leave_its_version_out(ada):
    agent = Agent(AuthToken.objects.create(ada)[1], revision=OLD)

    assert ping(agent).status_code == 200

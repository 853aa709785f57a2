"""The request that a tool sends to the API: the same caller, from the same place, and nothing more."""

import pytest
from django.test import AsyncRequestFactory, RequestFactory
from django_mcpz.server import ToolError

from devlog_project.mcp.inner import WAIT, ask, inner_request, sentences
from tests.support.agents import Agent

ENTRY = {"entry": "Wrote a Django app."}
HEADERS = {
    "Authorization": "Bearer abc",
    "X-Forwarded-For": "203.0.113.7",
    "Cookie": "sessionid=1",
    "Accept": "text/html",
}


@pytest.mark.parametrize("factory", [RequestFactory, AsyncRequestFactory])
def test_it_says_who_asks_and_from_where_and_has_no_cookies(factory):
    outer = factory().post("/mcp", headers=HEADERS)

    inner = inner_request(outer, "GET", "/api/v1/devlogs/", "q=x", None, WAIT)

    assert inner.headers["Authorization"] == "Bearer abc"
    assert inner.headers["X-Forwarded-For"] == "203.0.113.7"
    assert inner.headers["Prefer"] == "wait=10"
    assert (inner.META["REMOTE_ADDR"], inner.get_host()) == ("127.0.0.1", "testserver")
    assert (inner.COOKIES, "Accept" in inner.headers) == ({}, False)


@pytest.mark.django_db
def test_writes_without_a_token_are_counted_by_the_address_they_come_from(settings):
    settings.API_OPEN, settings.API_POSTS_PER_MINUTE = True, 1
    here, there = Agent(REMOTE_ADDR="198.51.100.1"), Agent(REMOTE_ADDR="198.51.100.2")
    here.call("log_work", **ENTRY)

    assert "429" in here.told("log_work", **ENTRY)
    there.call("log_work", **ENTRY)


@pytest.mark.parametrize("has_threads", [True, False])
def test_it_says_whether_others_are_served_while_it_waits(has_threads):
    outer = RequestFactory(**{"wsgi.multithread": has_threads}).post("/mcp")

    assert inner_request(outer, "GET", "/", "", None, WAIT).META["wsgi.multithread"] is has_threads


# -- refusals in words -------------------------------------------------------------------------------------------


def problem(status, **more):
    return {"title": "Some", "status": status, "detail": "What to do.", **more}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_its_title_and_what_to_do(status):
    assert sentences(problem(status), "5", {}) == f"Some ({status}). What to do."


@pytest.mark.parametrize("status", [409, 429, 503])
def test_what_may_pass_says_when_to_try_again(status):
    assert sentences(problem(status), "5", {}) == f"Some ({status}). What to do. Try again in 5 seconds."


def test_each_wrong_argument_is_named_as_the_tool_names_it():
    errors = {"q": ["No word.", "Too long."], "since": ["No day."]}

    said = sentences(problem(400, errors=errors), None, {"q": "words"})

    assert said == "Some (400). words: No word. Too long. since: No day."


@pytest.mark.django_db
def test_an_address_that_the_api_does_not_have_is_refused_too(agent):
    with pytest.raises(ToolError, match="There is nothing at"):
        ask(RequestFactory().post("/mcp", headers=agent.headers), "GET", "nothing/")

"""A client as agents have it, of the `mcp` package, and real servers: both revisions, WSGI and ASGI."""

import sqlite3
from contextlib import closing

import anyio
import pytest

from tests.support.agents import NEW, OLD
from tests.support.site import Site

pytest.importorskip("mcp", reason="needs mcp, from requirements/dev.txt")

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

# What a client is told to do, and the revision that both then speak.
MODES = [("auto", NEW), (NEW, NEW), ("legacy", OLD)]
NAMES = ("ada", "eve")
MAKE = (
    "from django.contrib.auth.models import User; from knox.models import AuthToken; "
    f"[print(AuthToken.objects.create(User.objects.create_user(name))[1]) for name in {NAMES}]"
)


class Here:
    """A running server, and tokens for it."""

    def __init__(self, server, tokens):
        self.server, self.tokens = server, tokens

    def run(self, work, name="ada", mode="auto", path="/mcp"):
        """Do this with a client that has entered; return what it comes to."""

        async def connected():
            headers = {"Authorization": f"Bearer {self.tokens.get(name, name)}"}
            async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
                transport = streamable_http_client(f"http://127.0.0.1:{self.server.port}{path}", http_client=http)
                async with Client(transport, mode=mode) as client:
                    return await work(client)

        return anyio.run(connected)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Site(tmp_path_factory.mktemp("site"), DEBUG="off") as site:
        site.migrate()
        yield site


@pytest.fixture(scope="module")
def tokens(site):
    made = site.manage("shell", "-v", "0", "-c", MAKE)
    return dict(zip(NAMES, made.stdout.split(), strict=True))


@pytest.fixture(scope="module")
def gunicorn(site, tokens):
    return Here(site.serve("gunicorn").wait_until_it_answers(), tokens)


@pytest.fixture(scope="module")
def uvicorn(site, tokens):
    return Here(site.serve("uvicorn").wait_until_it_answers(), tokens)


async def whole_way(client):
    """Write, look, mend, and ask for all that is offered."""
    logged = (await client.call_tool("log_work", {"entry": "Moved our Flask service to k8s."})).structured_content
    await client.call_tool("set_tag", {"id": logged["id"], "name": "Helm"})
    await client.call_tool("remove_tag", {"id": logged["id"], "name": "Flask"})
    shown = (await client.call_tool("show_log", {"id": logged["id"]})).structured_content
    stack = (await client.read_resource("devlogs://stack/all_time")).contents[0].text
    prompt = await client.get_prompt("weekly_report", {"date": "2026-11-26"})
    offered = [
        [tool.name for tool in (await client.list_tools()).tools],
        [resource.uri for resource in (await client.list_resources()).resources],
        (await client.list_resource_templates()).resource_templates,
        [prompt.name for prompt in (await client.list_prompts()).prompts],
    ]
    return (
        client.protocol_version,
        logged,
        shown["log"]["tags"],
        stack,
        prompt.messages[0].content.text,
        [*map(len, offered)],
    )


def hold(outcome, revision):
    spoken, logged, tags, stack, prompt, offered = outcome
    assert spoken == revision
    assert (logged["state"], logged["tags"]) == ("done", ["Flask", "Kubernetes"])
    assert sorted(tags) == ["Helm", "Kubernetes"]
    assert "Helm" in stack
    assert "date=2026-11-26" in prompt
    assert offered == [7, 4, 0, 2]


@pytest.mark.parametrize("mode, revision", MODES)
@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_a_client_of_each_revision_goes_the_whole_way(gunicorn, mode, revision, path):
    hold(gunicorn.run(whole_way, mode=mode, path=path), revision)


@pytest.mark.parametrize("mode, revision", MODES)
def test_it_goes_under_asgi_too(uvicorn, mode, revision):
    hold(uvicorn.run(whole_way, mode=mode), revision)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_another_s_token_finds_nothing_of_it(gunicorn, mode):
    async def write(client):
        return (await client.call_tool("log_work", {"entry": "Wrote Rust.", "private": True})).structured_content["id"]

    number = gunicorn.run(write)

    async def look(client):
        shown = await client.call_tool("show_log", {"id": number})
        found = await client.call_tool("search_logs", {"include_private": True})
        return shown.is_error, shown.content[0].text, found.structured_content["logs"]

    assert gunicorn.run(look, "eve", mode) == (
        True,
        "Not Found (404). There is no such thing, or it is another's.",
        [],
    )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_without_a_good_token_does_not_connect(gunicorn, mode):
    async def ping(client):
        return await client.list_tools()

    with pytest.raises(ExceptionGroup) as raised:
        gunicorn.run(ping, "no-token", mode)

    assert raised.group_contains(MCPError)


def test_what_is_wrong_is_told_within_the_conversation(gunicorn):
    async def err(client):
        return [
            await client.call_tool("log_work", arguments)
            for arguments in ({"entry": ""}, {"entry": "x" * 20_001}, {"entry": 5}, {"entry": "x", "color": "red"})
        ]

    assert [result.is_error for result in gunicorn.run(err)] == [True] * 4


def test_nothing_that_was_sent_stands_in_the_log(gunicorn):
    async def write(client):
        await client.call_tool("log_work", {"entry": "Words-of-mine and nothing else."})

    gunicorn.run(write)

    assert "Tool 'log_work': ok" in gunicorn.server.log()
    assert "Words-of-mine" not in gunicorn.server.log()
    assert not any(token in gunicorn.server.log() for token in gunicorn.tokens.values())


def test_while_the_tables_are_not_there_it_is_503_and_the_client_hears_of_it(site, tokens, tmp_path):
    with Site(tmp_path, DEBUG="off") as broken:
        with closing(sqlite3.connect(site.database)) as database, closing(sqlite3.connect(broken.database)) as copy:
            database.backup(copy)
        broken.query("DROP TABLE knox_authtoken")
        here = Here(broken.serve("gunicorn").wait_until_it_answers(), tokens)

        async def look(client):
            return await client.list_tools()

        answer = here.server.request("POST", "/mcp", {}, Authorization=f"Bearer {tokens['ada']}")
        assert (answer.status, answer.headers["Retry-After"], answer.json["status"]) == (503, "5", 503)
        with pytest.raises(ExceptionGroup) as raised:
            here.run(look)
        assert raised.group_contains(MCPError)

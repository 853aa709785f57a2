"""A server with its worker, people who are logged in, and pages that tell what went wrong on them.

Collected only where `make test-browser` asks: everything else runs without a browser.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browsing import WRITERS
from tests.support.chromium import ARGUMENTS, ASKED_FOR, executable
from tests.support.servers import PYTHON, Server
from tests.support.site import Site
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

collect_ignore_glob = [] if os.environ.get(ASKED_FOR) else ["test_*.py"]
SETTINGS = {"DEBUG": "off", "SECURE_COOKIES": "off", "SECURE_SSL_REDIRECT": "off", "SECURE_HSTS_SECONDS": "0"}
# What the policy kept from running or loading, said where all other errors of a page are.
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
    console.error("CSP", event.effectiveDirective, event.blockedURI, event.sourceFile, event.lineNumber));"""
# A request that its own page gave up by going elsewhere.
GIVEN_UP = "net::ERR_ABORTED"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", help="the folder that gets README's pictures")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return browser_type_launch_args | {"executable_path": executable(), "args": ARGUMENTS}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site"), **SETTINGS) as site:
        site.migrate()
        yield site


@pytest.fixture(scope="session")
def sessions(site: Site) -> dict[str, str]:
    """Write what there is to see, and return the session of each person."""
    done = site.run([PYTHON, "-m", "tests.support.browsing"], TAGGING_WORKER="off")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def server(site: Site, sessions: dict[str, str]) -> Server:
    server = site.serve("gunicorn").wait_until_it_answers()
    eventually(lambda: set(site.states()) == {"done"}, "all seeded entries tagged")
    return server


@dataclass(frozen=True)
class Year:
    """Another site, which has a made-up year in it."""

    server: Server
    sessions: dict[str, str]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.port}{path}"


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    with Site(tmp_path_factory.mktemp("year"), **SETTINGS) as site:
        site.migrate()
        for done in (
            site.manage("seed", DEBUG="on", TAGGING_WORKER="off"),
            site.run([PYTHON, "-m", "tests.support.browsing", "sessions"], TAGGING_WORKER="off"),
        ):
            assert done.returncode == 0, done.stderr
        yield Year(site.serve("gunicorn").wait_until_it_answers(), json.loads(done.stdout))


@pytest.fixture(scope="session")
def base_url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def troubles() -> Iterator[list[str]]:
    """What the pages of this test complained about; a test that expects some takes them out."""
    told: list[str] = []
    yield told
    assert not told, "\n".join(["", *told])


@pytest.fixture
def enter(
    new_context: Callable[..., BrowserContext], base_url: str, sessions: dict[str, str], troubles: list[str]
) -> Callable[..., Page]:
    """Open a browser of its own for a person, or for nobody, and return its first page."""

    def enter(name: str = "", at: Year | None = None, **options: Any) -> Page:
        context = new_context(**{"locale": "en-GB", **options})
        if name:
            key = (at.sessions if at else sessions)[name]
            context.add_cookies([{"name": "sessionid", "value": key, "url": at.url("/") if at else base_url}])
        context.add_init_script(TELL_VIOLATIONS)
        context.on("page", lambda page: listen(page, troubles))
        return context.new_page()

    return enter


def listen(page: Page, troubles: list[str]) -> None:
    page.set_default_timeout(10_000)
    page.on("console", lambda said: troubles.append(told(said)) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(f"{error}"))
    page.on("requestfailed", lambda sent: troubles.append(f"{sent.url}: {sent.failure}") if lost(sent) else None)
    page.on("dialog", lambda dialog: (troubles.append(f"dialog: {dialog.message}"), dialog.accept()))


def told(message: Any) -> str:
    return f"{message.text} ({message.location['url']})"


def lost(request: Any) -> bool:
    return request.failure != GIVEN_UP


@pytest.fixture
def writer(request: pytest.FixtureRequest) -> str:
    """Return the name of a person whom no other test has."""
    taken = request.config.stash.setdefault(TAKEN, [0])
    taken[0] += 1
    return WRITERS[taken[0] - 1]


TAKEN = pytest.StashKey[list[int]]()


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path:
    if not (folder := request.config.getoption("--pictures")):
        pytest.skip("--pictures names no folder")
    return Path(folder)

"""Fixtures that every test may use."""

import time
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.utils import translation
from rest_framework.test import APIClient

from devlog_project.api import throttle
from devlog_project.api.posts import permits
from devlog_project.ops.readiness import readiness
from devlogs.models import DevLog
from tagging import queues
from tagging.extraction.base import Extractor
from tagging.models import history
from tagging.models.pace import queue_pace
from tagging.models.shown_pause import shown_pause
from tagging.models.term import taught_names
from tagging.transports.memory import MemoryTransport
from tests.support.contract import ContractClient
from tests.support.extractors import Scripted
from tests.support.running import drain, engine_for


@pytest.fixture(autouse=True)
def lock_dir(settings, tmp_path):
    settings.TAGGING_LOCK_DIR = str(tmp_path / "locks")


@pytest.fixture(autouse=True)
def one_minute(monkeypatch):
    """Have no test meet the end of a minute by chance: what a client may do in one would begin anew."""
    within = time.time() // 60 * 60 + 20
    monkeypatch.setattr(throttle, "clock", lambda: within)


@pytest.fixture(autouse=True)
def nothing_seen_before():
    shown_pause.forget()
    queue_pace.forget()
    readiness.forget()
    history.forget()
    cache.clear()
    permits.forget()
    queues.looks.clear()
    taught_names.forget()
    translation.deactivate()  # a page leaves its reader's language in the thread


@pytest.fixture(autouse=True)
def nothing_told_later():
    """End what tells other hosts, which would keep a session of the tests' database."""
    yield
    made = getattr(queues.transport, "cache_info", None)  # a test may have put another in its place
    if made and made().currsize and isinstance(transport := queues.transport(), MemoryTransport):
        transport.stop()


@pytest.fixture
def api() -> APIClient:
    return ContractClient(headers={"content-type": "application/json"})  # also where there is no body


@pytest.fixture
def make_devlog(db) -> Callable[..., DevLog]:
    """Save a dev-log with its job, as a view does."""

    def make(entry: str = "Wrote a Django app.", **fields) -> DevLog:
        devlog = DevLog.objects.create(entry=entry, **fields)
        queues.enqueue(devlog)
        return devlog

    return make


@pytest.fixture
def run_jobs(db) -> Iterator[Callable[..., None]]:
    """Run all due jobs here and now, with the extractor given or the one in the settings."""
    engines = []

    def run(extractor: Extractor | None = None) -> None:
        engines.append(engine_for(extractor))
        drain(engines[-1])

    yield run
    for engine in engines:
        engine.close()


@pytest.fixture
def make_tagged(make_devlog, run_jobs) -> Callable[..., DevLog]:
    """Save a dev-log and have these names found in it, by an extractor that costs nothing unless another is given."""

    def make(*names: str, by: type = Scripted, **fields) -> DevLog:
        devlog = make_devlog("Wrote " + " and ".join(names), **fields)
        run_jobs(by(names))
        return devlog

    return make


@pytest.fixture
def tag_again(run_jobs) -> Callable[..., None]:
    """Have these names found in a dev-log that is tagged already."""

    def tag(devlog: DevLog, *names: str) -> None:
        queues.retag([devlog.pk])
        run_jobs(Scripted(names))

    return tag

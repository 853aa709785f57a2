from pathlib import Path

import pytest

from devlog_project.ops.metrics.requests import requests
from tagging.models import queue, totals
from tests.support.site import migrated_database


@pytest.fixture(autouse=True)
def nothing_counted_before(monkeypatch):
    requests.forget()
    queue.pending_by_reason.forget()
    monkeypatch.setattr(totals, "SETTLED_SECONDS", 0.0)


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    return migrated_database(tmp_path_factory.getbasetemp() / "template")

"""The notification after the commit, whatever becomes of the transport."""

import logging

import pytest

from tagging.transports.memory import MemoryTransport

pytestmark = pytest.mark.django_db


def test_a_transport_that_is_down_does_not_fail_the_request_and_is_logged_once(
    api, settings, caplog, django_capture_on_commit_callbacks, monkeypatch
):
    class Down:
        def send(self, job_ids):
            raise ConnectionError("no broker")

    monkeypatch.setattr("tagging.queues.transport", Down)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                assert api.post("/api/v1/devlogs/", {"entry": "Wrote a Django view."}).status_code == 201

    assert len([record for record in caplog.records if "Notifying a worker" in record.message]) == 1


def test_a_worker_is_notified_after_the_commit(api, django_capture_on_commit_callbacks):
    MemoryTransport.mailbox.wait(timeout=0)
    with django_capture_on_commit_callbacks(execute=True):
        devlog_id = api.post("/api/v1/devlogs/", {"entry": "Wrote a Django view."}).json()["id"]
        assert MemoryTransport.mailbox.wait(timeout=0).job_ids == set()

    assert MemoryTransport.mailbox.wait(timeout=0).job_ids == {devlog_id}

"""Two services on one real database: web processes that take in, worker processes that tag."""

from collections import Counter

import pytest

from tests.support.site import Site
from tests.support.waiting import eventually
from tests.support.workers import SECONDS, run_worker

pytestmark = pytest.mark.long


def test_what_a_killed_worker_process_had_in_flight_is_tagged_once_by_its_neighbour(tmp_path, database_url):
    gated = {"TAGGING_EXTRACTOR": "tests.support.extractors.GatedExtractor", "TAGGING_WORKER": "off"}
    with Site(tmp_path, database_url=database_url, **gated) as site:
        site.migrate()
        server = site.serve("gunicorn").wait_until_it_answers()
        killed = run_worker(site)
        devlogs = [server.post(f"Wrote Django and Redis behind gate a, no. {number}.") for number in range(12)]
        eventually(lambda: len(site.calls()) == 8, "eight calls", SECONDS)
        neighbour = run_worker(site)

        killed.kill()
        site.open_gate("a")

        eventually(lambda: set(site.states()) == {"done"}, "all jobs done", SECONDS)
        assert site.tags() == {devlog: ["Django", "Redis"] for devlog in devlogs}
        assert Counter(outcome for _, _, outcome in site.attempts()) == {"lost": 8, "answered": 12}
        assert {pid for pid, _ in site.calls("end")} == {neighbour.pid}

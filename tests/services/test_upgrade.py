"""The last release and this one on one database, with work in flight: the contract of docs/upgrades.md."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from typing import NamedTuple

import pytest

from tests.support.released import released_tree
from tests.support.servers import Server
from tests.support.site import Site
from tests.support.waiting import eventually
from tests.support.workers import SECONDS, run_worker

pytestmark = pytest.mark.long

# Locks are shared as on one host. The worker has eight calls at most, so that two workers are busy with sixteen.
GATED = {"TAGGING_EXTRACTOR": "tests.support.extractors.GatedExtractor", "TAGGING_WORKER": "off"}


class Upgrade(NamedTuple):
    """A site of the last release and one of this tree, which share all but their code."""

    old: Site
    new: Site

    def entries_are_tagged_once(self, devlogs: list[int]) -> bool:
        return self.new.tags() == {devlog: ["Django", "Redis"] for devlog in devlogs}


@pytest.fixture
def upgrade(tmp_path, tmp_path_factory, database_url) -> Iterator[Upgrade]:
    tree = released_tree(tmp_path_factory.getbasetemp())
    with ExitStack() as stack:
        old = stack.enter_context(Site(tmp_path / "site", database_url=database_url, tree=tree, **GATED))
        new = stack.enter_context(Site(tmp_path / "site", database_url=database_url, **GATED))
        new.servers = old.servers  # their logs are numbered in one row
        old.migrate()
        yield Upgrade(old, new)


def post(servers: list[Server], count: int, gate: str) -> list[int]:
    """Post so many entries, to each server in turn; one that is not accepted fails the test."""
    turns = cycle(servers)
    return [next(turns).post(f"Wrote Django and Redis behind gate {gate}, no. {number}.") for number in range(count)]


def all_done(site: Site) -> bool:
    return set(site.states()) == {"done"}


def test_old_and_new_processes_share_the_work_and_nothing_is_lost_or_refused(upgrade):
    old, new = upgrade
    web = old.serve("gunicorn").wait_until_it_answers()
    run_worker(old)
    devlogs = post([web], 8, gate="a")
    eventually(lambda: len(old.calls()) == 8, "eight calls of the old worker", SECONDS)

    new.migrate()  # while the old one serves, and its calls are in flight
    webs = [web, new.serve("gunicorn").wait_until_it_answers()]
    new_worker = run_worker(new)
    devlogs += post(webs, 8, gate="b")
    eventually(lambda: len(old.calls()) == 16, "eight calls of the new worker", SECONDS)
    devlogs += post(webs, 8, gate="c")
    for gate in "abc":
        new.open_gate(gate)

    eventually(lambda: all_done(new), "all jobs done", SECONDS)
    assert upgrade.entries_are_tagged_once(devlogs)
    assert {outcome for _, _, outcome in new.attempts()} == {"answered"}
    assert new_worker.pid in {pid for pid, _ in new.calls("end")}


@pytest.mark.parametrize("killed", ["old", "new"])
def test_what_a_killed_worker_of_one_version_had_in_flight_is_done_by_the_other(upgrade, killed):
    dying, living = upgrade if killed == "old" else reversed(upgrade)
    upgrade.new.migrate()
    web = dying.serve("gunicorn").wait_until_it_answers()
    worker = run_worker(dying)
    devlogs = post([web], 8, gate="a")
    eventually(lambda: len(dying.calls()) == 8, "eight calls", SECONDS)
    neighbour = run_worker(living)

    worker.kill()
    living.open_gate("a")

    eventually(lambda: all_done(living), "all jobs done", SECONDS)
    assert upgrade.entries_are_tagged_once(devlogs)
    assert {pid for pid, _ in living.calls("end")} == {neighbour.pid}


def test_both_versions_read_change_and_delete_what_the_other_wrote(upgrade):
    old, new = upgrade
    new.migrate()
    new.open_gate("a")
    old_web, new_web = (site.serve("gunicorn").wait_until_it_answers() for site in upgrade)
    run_worker(old)
    run_worker(new)
    written = {web.port: post([web], 2, gate="a") for web in (old_web, new_web)}
    eventually(lambda: len(new.states()) == 4 and all_done(new), "all jobs done", SECONDS)

    for reader, writer in ((old_web, new_web), (new_web, old_web)):
        edited, deleted = (f"/api/v1/devlogs/{number}/" for number in written[writer.port])
        assert [tag["name"] for tag in reader.get(edited).json["tags"]] == ["Django", "Redis"]
        assert reader.request("PATCH", edited, {"entry": "Wrote Flask."}).status == 200
        assert reader.request("DELETE", deleted).status == 204

    eventually(lambda: len(new.states()) == 2 and all_done(new), "all jobs done", SECONDS)
    assert set(map(tuple, new.tags().values())) == {("Flask",)}

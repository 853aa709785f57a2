"""What shared calls save: the same bulk backlog drained one by one and eight to a call, counted at the model."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.load.benchmarks.stage import BenchSite, Running
from tests.support.replies import Asked
from tests.support.waiting import eventually
from tests.support.wire import FakeOpenAI

if TYPE_CHECKING:
    from tests.load.benchmarks.figures import Measured, Round

ENTRIES = 1_000
TOGETHER = 8
USUAL = 0.2
SECONDS = 300.0
# Which of the answered jobs had how much; a job's tags are counted so that nothing is saved by leaving work out.
DONE = "SELECT COUNT(*) FROM tagging_job WHERE state = 'done'"
TAGS = "SELECT COUNT(*) FROM tagging_devlogtag"


def packs(play: Round) -> Measured:
    """Calls, input tokens and CPU of a bulk backlog with shared calls, relative to one by one."""
    got = play.in_turn({"alone": lambda: drained(play, 1), "together": lambda: drained(play, TOGETHER)})
    alone, together = got["alone"], got["together"]
    assert alone["tags"] == together["tags"], got
    return {
        f"{TOGETHER} to a call: calls": together["calls"] / alone["calls"],
        f"{TOGETHER} to a call: input tokens": together["input tokens"] / alone["input tokens"],
        f"{TOGETHER} to a call: CPU/job": together["cpu ms"] / alone["cpu ms"],
        "one by one: CPU ms/job": alone["cpu ms"],
        f"{TOGETHER} to a call: CPU ms/job": together["cpu ms"],
        "one by one: input tokens/job": alone["input tokens"] / ENTRIES,
    }


def drained(play: Round, entries_per_call: int) -> Measured:
    """Have a server drain the whole backlog; return what that took, from the first tags to the last."""
    with (
        FakeOpenAI(usual="counted", latency_seconds=USUAL) as model,
        closing(site_in_bulk(play, model.base_url, entries_per_call)) as site,
    ):
        running = Running(site, site.serve("gunicorn"))
        running.wait_until_it_tags()  # the import of the SDK is not the jobs' time
        done, cpu = site.count(DONE), running.cpu_seconds()
        eventually(lambda: site.count(DONE) == ENTRIES, f"all done\n{running.server.log()}", SECONDS)
        cpu = running.cpu_seconds() - cpu
        return {
            "calls": len(model.requests),
            # There too: a shared call without an answer leaves no attempt.
            "input tokens": sum(Asked(request.body).usage["prompt_tokens"] for request in model.requests),
            "cpu ms": 1000 * cpu / (ENTRIES - done),
            "tags": site.count(TAGS),
        }


def site_in_bulk(play: Round, model_url: str, entries_per_call: int) -> BenchSite:
    """Return a site whose backlog came in bulk."""
    site = play.stage.site(backlog=ENTRIES, model_url=model_url, TAGGING_ENTRIES_PER_CALL=str(entries_per_call))
    with closing(sqlite3.connect(site.database)) as connection, connection:
        connection.execute("UPDATE tagging_job SET priority = 1")
    return site

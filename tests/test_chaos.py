"""The short form of `make chaos`, and proof that it can fail: what is broken on purpose is reported."""

from pathlib import Path

import pytest

from tests.chaos.databases import Sqlite
from tests.chaos.run import Run
from tests.chaos.verdict import Verdict

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")


def verdict_after(directory: Path, *steps: str, **options) -> Verdict:
    run = Run(directory, Sqlite(directory), steps, seed=1, **options)
    run.go()
    return Verdict(run)


def test_nothing_is_lost_or_done_twice_whenever_a_process_is_killed(tmp_path):
    verdict = verdict_after(tmp_path, "claim: after", "settle: before commit", "whole server", "stop")

    # How long it takes on a machine that is busy with other tests says nothing.
    assert not [figure for figure in verdict.figures if not figure.holds and "recovered" not in figure.name]
    assert verdict.figure("kills").value.startswith("3 ")


@pytest.mark.long
def test_a_late_worker_that_is_believed_is_reported(tmp_path):
    verdict = verdict_after(tmp_path, "freeze", fault_rate=0, drain_seconds=3, broken="fence")

    assert not verdict.figure("tags written twice").holds


@pytest.mark.long
def test_jobs_that_nobody_takes_back_are_reported(tmp_path):
    verdict = verdict_after(tmp_path, "call: open", fault_rate=0, drain_seconds=3, broken="recovery")

    assert not verdict.figure("lost").holds

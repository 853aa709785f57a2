"""The short form of `make chaos`, and proof that it can fail: what is broken on purpose is reported."""

from pathlib import Path

import pytest

from tests.load.chaos.databases import Sqlite
from tests.load.chaos.lives import Death, launched_since, lives
from tests.load.chaos.run import Run
from tests.load.chaos.verdict import Verdict

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


FIRST_SERVER, SECOND_SERVER = 1, 2
LAUNCHES = {FIRST_SERVER: 0.0, SECOND_SERVER: 0.5}
AT_WORK = [
    {"pid": 11, "server": FIRST_SERVER, "forked_at": 0.8, "at": 1.0},
    {"pid": 21, "server": SECOND_SERVER, "forked_at": 0.9, "at": 1.2},
]


def started(pid: int, server: int, forked_at: float, at: float) -> dict:
    return {"pid": pid, "server": server, "forked_at": forked_at, "at": at}


def counted_from(kill: float, until: float, notes: list[dict], *deaths: Death, stopping: tuple[dict, ...] = ()):
    return launched_since(lives([*AT_WORK, *notes], stopping, deaths, LAUNCHES), kill, until)


def test_a_recovery_is_counted_from_the_kill_where_a_neighbour_lived_to_do_it():
    notes = [started(13, FIRST_SERVER, 8.6, 9)]

    assert counted_from(8, 10, notes, Death(11, FIRST_SERVER, 8), Death(12, FIRST_SERVER, 8.5)) == 8


def test_a_recovery_is_counted_from_the_launch_of_who_replaced_the_last_that_was_killed():
    notes = [started(12, FIRST_SERVER, 8.1, 9.5), started(22, SECOND_SERVER, 8.6, 10)]
    deaths = [Death(11, FIRST_SERVER, 8), Death(21, SECOND_SERVER, 8.5), Death(12, FIRST_SERVER, 9.6)]

    assert counted_from(8, 10.5, notes, *deaths) == 8.5


def test_who_was_launched_before_another_of_its_server_was_killed_counts_from_then():
    notes = [started(12, FIRST_SERVER, 8.1, 9.5)]
    deaths = [Death(11, FIRST_SERVER, 8), Death(21, SECOND_SERVER, 8.2), Death(13, FIRST_SERVER, 9.4)]

    assert counted_from(7.9, 10.5, notes, *deaths) == 8


def test_a_process_killed_before_it_began_to_work_puts_its_successors_launch_off():
    notes = [started(13, FIRST_SERVER, 9.1, 10)]
    deaths = [Death(11, FIRST_SERVER, 8), Death(21, SECOND_SERVER, 8.2), Death(12, FIRST_SERVER, 9)]

    assert counted_from(8, 10.5, notes, *deaths) == 9


def test_who_was_told_to_stop_is_not_waited_for():
    notes = [started(13, FIRST_SERVER, 8.5, 9)]
    deaths = [Death(11, FIRST_SERVER, 8), Death(12, FIRST_SERVER, 8.4)]

    assert counted_from(8, 9.5, notes, *deaths, stopping=({"pid": 21, "at": 8.05},)) == 8.4


def test_who_was_at_work_for_long_and_did_nothing_is_not_excused_by_its_own_death():
    notes = [started(22, SECOND_SERVER, 15.1, 16)]

    assert counted_from(8, 16.5, notes, Death(11, FIRST_SERVER, 8), Death(21, SECOND_SERVER, 15)) == 8

"""The short form of `make chaos`, and proof that it can fail: what is broken on purpose is reported."""

from pathlib import Path

import openai
import pytest

from tests.load.chaos.databases import Sqlite
from tests.load.chaos.lives import Death, launched_since, lives
from tests.load.chaos.provider.faults import KINDS, REFUSED
from tests.load.chaos.provider.model import Model
from tests.load.chaos.provider.run import ProviderRun, Step, plan
from tests.load.chaos.provider.verdict import ProviderVerdict
from tests.load.chaos.run import Run
from tests.load.chaos.stand_in import edition_of
from tests.load.chaos.verdict import Verdict
from tests.support.replies import REPLIES

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


# -- a provider that fails ---------------------------------------------------------------------------------------


def provider_verdict_after(directory: Path, *steps: Step) -> ProviderVerdict:
    run = ProviderRun(directory, Sqlite(directory), steps, seed=1, phase_seconds=2, marked_rate=0)
    run.go()
    return ProviderVerdict(run)


def test_every_way_to_fail_has_its_phase_in_an_order_of_the_seed():
    assert plan(1) == plan(1) != plan(2)
    assert sorted(step.kind for step in plan(1) if not step.is_quiet) == sorted(KINDS)


def test_a_marked_entry_is_refused_by_a_provider_that_answers_the_others():
    with Model(1) as model, client_of(model) as client:
        ask(client, "For item 1.1 edition 0 wrote an app with Django.")
        with pytest.raises(openai.PermissionDeniedError):
            ask(client, "For item 1.2 edition 0 case forbidden wrote an app with Django.")

        assert [(call.is_good, call.mark) for call in model.calls] == [(True, ""), (False, "forbidden")]


def test_a_closed_listener_opens_again_on_its_port():
    with Model(1) as model, client_of(model) as client:
        model.fail("a phase", REFUSED)
        with pytest.raises(openai.APIConnectionError):
            ask(client, "Django")
        model.recover()
        ask(client, "Django")

        assert [call.is_canary for call in model.calls] == [True]


def client_of(model: Model) -> openai.OpenAI:
    return openai.OpenAI(base_url=model.base_url, api_key="sk-test", max_retries=0, timeout=10)


def ask(client: openai.OpenAI, entry: str) -> None:
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": entry}])


@pytest.mark.long
def test_nothing_fails_where_the_provider_did(tmp_path):
    verdict = provider_verdict_after(tmp_path, Step("401", is_quiet=True), Step("429 retry-after", kill="one process"))

    # How long it takes on a machine that is busy with other tests says nothing.
    assert not [figure for figure in verdict.figures if not figure.holds and "tags after" not in figure.name]
    assert not verdict.not_run


@pytest.mark.long
def test_entries_that_fail_with_their_provider_are_reported(tmp_path, monkeypatch):
    def refuse_all_but_the_canary(asked):
        return REPLIES["context_length" if edition_of(asked.entry) else "ok"](asked)

    monkeypatch.setitem(KINDS, "each is too long", [refuse_all_but_the_canary])

    verdict = provider_verdict_after(tmp_path, Step("each is too long"))

    assert not verdict.figure("failed, though a sound provider would have answered").holds


# -- who was at work when ----------------------------------------------------------------------------------------

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

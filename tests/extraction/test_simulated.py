from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from tagging.extraction.base import ErrorCode, ExtractionError, Technology
from tagging.extraction.simulated import SimulatedExtractor

ENTRIES = [f"Day {number}: Django." for number in range(200)]


def outcomes(extractor, entries):
    """Return for each entry whether its call failed."""
    failed = []
    for entry in entries:
        try:
            extractor.extract(entry)
            failed.append(False)
        except ExtractionError:
            failed.append(True)
    return failed


@pytest.fixture
def slept(monkeypatch):
    """Collect what would be slept, in seconds."""
    seconds = []
    monkeypatch.setattr("tagging.extraction.simulated.time.sleep", seconds.append)
    return seconds


def test_the_usual_answer_is_the_embedded_one_under_its_own_name():
    extraction = SimulatedExtractor().extract("Today I wrote a service with Django and Elasticsearch.")

    assert {technology.name for technology in extraction.technologies} == {"Django", "Elasticsearch"}


def test_a_script_is_played_step_by_step_and_then_the_usual_answer_comes(slept):
    fault = ExtractionError(ErrorCode.RATE_LIMITED, "Slow down.")
    extractor = SimulatedExtractor(script=[fault, [Technology("Zig")], 0.5], delay_seconds=0.1)

    with pytest.raises(ExtractionError) as caught:
        extractor.extract("Django")
    told = [extractor.extract("Wrote a Django app.").technologies for _ in range(3)]

    assert caught.value is fault
    assert [[technology.name for technology in each] for each in told] == [["Zig"], ["Django"], ["Django"]]
    assert slept == [0.5, 0.1]


def test_a_scripted_bug_is_raised_as_it_is():
    with pytest.raises(ZeroDivisionError):
        SimulatedExtractor(script=[ZeroDivisionError()]).extract("Django")


def test_a_scripted_answer_may_be_empty():
    assert SimulatedExtractor(script=[[]]).extract("Wrote a Django app.").technologies == []


def test_every_call_takes_the_delay(slept):
    extractor = SimulatedExtractor(delay_seconds=2.5)

    extractor.extract("Django")
    extractor.extract("Django")

    assert slept == [2.5, 2.5]


def test_a_failure_looks_like_a_failing_server():
    with pytest.raises(ExtractionError) as caught:
        SimulatedExtractor(failure_rate=1.0).extract("Django")

    assert (caught.value.code, caught.value.permanent, caught.value.waiting_for) == (
        ErrorCode.SERVER_ERROR,
        False,
        None,
    )


@pytest.mark.parametrize("rate, share", [(0.0, 0), (1.0, 200)])
def test_none_or_all_calls_fail_at_the_ends_of_the_rate(rate, share):
    assert sum(outcomes(SimulatedExtractor(failure_rate=rate), ENTRIES)) == share


def test_about_the_given_share_of_calls_fails():
    assert 30 <= sum(outcomes(SimulatedExtractor(failure_rate=0.25), ENTRIES)) <= 70


def test_the_same_seed_fails_the_same_attempts():
    first, second = (outcomes(SimulatedExtractor(failure_rate=0.5, seed=7), ENTRIES * 2) for _ in range(2))

    assert first == second


def test_another_seed_fails_others():
    first, second = (outcomes(SimulatedExtractor(failure_rate=0.5, seed=seed), ENTRIES) for seed in (1, 2))

    assert first != second


def test_the_order_of_threads_does_not_change_which_entries_fail():
    one, other = (SimulatedExtractor(failure_rate=0.5) for _ in range(2))
    with ThreadPoolExecutor(8) as pool:
        parallel = list(pool.map(lambda entry: outcomes(one, [entry])[0], reversed(ENTRIES)))

    assert parallel[::-1] == outcomes(other, ENTRIES)


def test_a_failed_attempt_may_succeed_when_repeated():
    extractor = SimulatedExtractor(failure_rate=0.5)

    assert False in outcomes(extractor, ["Django"] * 30)


def test_a_scripted_delay_does_not_fail_by_chance(slept):
    assert outcomes(SimulatedExtractor(script=[0.1], failure_rate=1.0), ["Django"]) == [False]


def test_memory_holds_only_the_entries_that_are_failing():
    extractor = SimulatedExtractor(failure_rate=0.5)

    failed = outcomes(extractor, ENTRIES)

    assert len(extractor._attempts) == sum(failed)


def test_settings_become_the_extractor(slept):
    settings = SimpleNamespace(
        TAGGING_SIMULATED_DELAY_SECONDS=0.2, TAGGING_SIMULATED_FAILURE_RATE=1.0, TAGGING_SIMULATED_SEED=3
    )

    failed = outcomes(SimulatedExtractor.from_settings(settings), ["Django"])

    assert (failed, slept) == ([True], [0.2])


@pytest.mark.parametrize(
    "option, setting",
    [
        ({"failure_rate": 1.5}, "TAGGING_SIMULATED_FAILURE_RATE"),
        ({"failure_rate": -0.1}, "TAGGING_SIMULATED_FAILURE_RATE"),
        ({"delay_seconds": -1.0}, "TAGGING_SIMULATED_DELAY_SECONDS"),
    ],
)
def test_an_impossible_setting_is_told_at_once_with_its_name(option, setting):
    with pytest.raises(ValueError, match=setting):
        SimulatedExtractor(**option)

"""Private dev-logs: tagged here, whatever is set, and not a byte of them leaves."""

import pytest

from devlogs import entries
from devlogs.models import DevLog
from tagging import queues
from tagging.engine.attempting import make_attempt
from tagging.engine.engine import Engine
from tagging.engine.mailbox import Mailbox
from tagging.extraction.embedded.extractor import EmbeddedExtractor
from tagging.extraction.openai.client import OpenAIExtractor
from tagging.models import Attempt, Job, ProviderState, Spending
from tagging.models.forecast import cost_of
from tests.support.calls import CallsOfTheTest
from tests.support.extractors import Paid, Scripted
from tests.support.jobs import job_of, tags_of
from tests.support.outgoing import outgoing
from tests.support.provider import OUTAGE, REFUSED, TOO_FAST_FOR_A_MINUTE
from tests.support.running import drain, engine_for
from tests.support.wire import FakeOpenAI

pytestmark = pytest.mark.django_db
WORD = "Quastenflosser"
PRIVATE = f"Django für {WORD} eingerichtet."
PUBLIC = "Wrote a Redis client."


@pytest.fixture(autouse=True)
def one_at_a_time(settings, monkeypatch):
    monkeypatch.setattr("tagging.engine.dispatch.PROVIDER_SECONDS", 0.0)
    settings.TAGGING_CONCURRENCY = 1
    settings.TAGGING_BACKOFF_SECONDS = 0


@pytest.fixture
def write():
    """Write a dev-log as the API does."""

    def written(entry: str = PRIVATE, *, is_private: bool = True, is_bulk: bool = False, **fields) -> DevLog:
        devlog = DevLog(entry=entry, is_private=is_private, **fields)
        entries.write(devlog, is_bulk=is_bulk)
        return devlog

    return written


def test_a_private_entry_is_tagged_by_the_embedded_extractor_and_by_no_other(write, run_jobs):
    devlog = write()
    asked = Paid()

    run_jobs(asked)

    attempt = Attempt.objects.get(job=devlog.pk)
    assert tags_of(devlog) == ["Django"]
    assert (attempt.extractor, attempt.prompt_version, attempt.cost) == (EmbeddedExtractor.name, None, 0)
    assert asked.entries == []


@pytest.mark.parametrize("trouble", [TOO_FAST_FOR_A_MINUTE, REFUSED, OUTAGE])
def test_it_does_not_wait_for_the_provider(write, run_jobs, trouble):
    write(PUBLIC, is_private=False)
    run_jobs(Scripted(trouble, outage=trouble))
    devlog = write()

    run_jobs(Scripted(outage=trouble))

    assert job_of(devlog).state == "done"


def test_it_does_not_wait_for_the_budget_and_reserves_nothing_of_it(write, run_jobs, settings):
    settings.TAGGING_DAILY_TOKENS = 1
    asked = Paid()
    public, private = write(PUBLIC, is_private=False), write()

    run_jobs(asked)

    assert (job_of(public).state, job_of(private).state, asked.entries) == ("pending", "done", [])
    assert not Spending.objects.filter(tokens__gt=0).exists()
    assert job_of(private).reserved_tokens == 0


def test_it_is_no_proof_that_the_provider_answers(write):
    engine = engine_for(Scripted(TOO_FAST_FOR_A_MINUTE))
    write(PUBLIC, is_private=False)
    drain(engine)

    devlog = write()
    engine.expect_work()
    drain(engine)
    engine.close()

    assert job_of(devlog).state == "done"
    assert ProviderState.objects.current().waiting_for == "rate_limit"


def test_it_shares_no_call(write, run_jobs, settings, django_user_model):
    settings.TAGGING_ENTRIES_PER_CALL = 4
    ada = django_user_model.objects.create_user("ada")
    for number in range(3):
        write(f"Redis, no. {number}.", is_private=False, is_bulk=True, author=ada)
    write(is_bulk=True, author=ada)
    with FakeOpenAI() as server:
        run_jobs(OpenAIExtractor(api_key="none", base_url=server.base_url))

    assert server.requests
    assert not any(WORD in str(request.body) for request in server.requests)


def test_no_known_answer_of_the_model_is_given_to_it_nor_its_own_to_others(write, run_jobs):
    write(PRIVATE, is_private=False)
    asked = Paid(["Django"], ["Django"])
    run_jobs(asked)
    private = write()
    run_jobs(asked)

    assert Attempt.objects.get(job=private.pk).extractor == EmbeddedExtractor.name
    assert len(asked.entries) == 1


@pytest.mark.parametrize("was_private", [True, False])
def test_a_change_of_the_flag_asks_again(write, run_jobs, was_private):
    devlog = write(is_private=was_private)
    run_jobs(Paid(["Django"]))
    devlog.is_private = not was_private

    assert entries.edit(devlog, ["is_private"])
    run_jobs(Paid(["Django"]))

    extractors = list(Attempt.objects.order_by("pk").values_list("extractor", flat=True))
    assert extractors == (["embedded", "paid"] if was_private else ["paid", "embedded"])


def test_an_answer_to_an_entry_made_private_meanwhile_is_dropped(write, run_jobs):
    devlog, asked = write(is_private=False), Paid(["Elasticsearch", "Django"])
    engine = Engine(asked, Mailbox(), make_calls=lambda *_: CallsOfTheTest(*_[:2]))
    engine.step()

    entries.set_private([devlog.pk], is_private=True)
    engine.slots.finish(make_attempt(asked, engine.calls.jobs[0]))
    engine.step()
    engine.close()
    run_jobs(Paid())

    assert tags_of(devlog) == ["Django"]
    assert devlog.taggings.get().attempt.extractor == "embedded"


def test_it_costs_nothing_to_tag_it_again(write, settings):
    settings.TAGGING_EXTRACTOR = settings.EXTRACTORS["openai"]
    for is_private in (True, True, False):
        write(is_private=is_private)

    assert cost_of(DevLog.objects.all(), 3).startswith(
        "2 private ones here for nothing, the others each by a new call"
    )
    assert cost_of(DevLog.objects.filter(is_private=True)[:1], 1) == "1 private ones here for nothing"


def test_those_of_bulk_written_at_once_are_as_their_authors_have_set(django_user_model, run_jobs):
    ada, bob = (django_user_model.objects.create_user(name) for name in ("ada", "bob"))
    entries.AuthorSettings.objects.create(user=ada, private_by_default=True)

    entries.write_many([DevLog(entry=PRIVATE, author=author) for author in (ada, bob)])

    assert list(Job.objects.order_by("pk").values_list("is_private", flat=True)) == [True, False]


def test_a_retag_and_a_kill_leave_it_private(write, run_jobs):
    devlog = write()
    run_jobs(Paid())
    queues.retag([devlog.pk], is_bulk=True)
    claimed = Job.objects.claim(1, owner="dead", lease_seconds=60)
    Job.objects.recover({"dead"})

    run_jobs(asked := Paid())

    assert [job.is_private for job in claimed] == [True]
    assert (job_of(devlog).state, asked.entries) == ("done", [])


# -- what leaves ---------------------------------------------------------------------------------------------------


def test_the_word_of_a_public_entry_is_seen_among_what_leaves(write):
    write(is_private=False)
    with FakeOpenAI() as server, outgoing() as sent:
        tag_all(OpenAIExtractor(api_key="none", base_url=server.base_url))

    assert WORD.encode() in b"".join(sent)


def test_no_byte_of_a_private_entry_goes_to_the_model(write, settings, django_user_model):
    settings.TAGGING_ENTRIES_PER_CALL = 4
    ada = django_user_model.objects.create_user("ada")
    with FakeOpenAI(faults=["rate_limit", "not_json", "ok"]) as server, outgoing() as sent:
        for is_bulk in (True, False):
            for number in range(3):
                write(f"Redis, no. {number}.", is_private=False, is_bulk=is_bulk, author=ada)
                write(is_bulk=is_bulk, author=ada)
        tag_all(OpenAIExtractor(api_key="none", base_url=server.base_url))
        ProviderState.objects.update(resume_at=None)
        tag_all(OpenAIExtractor(api_key="none", base_url=server.base_url))

    assert sent
    assert WORD.encode() not in b"".join(sent)
    assert set(Job.objects.filter(is_private=True).values_list("state", flat=True)) == {"done"}


def tag_all(extractor: OpenAIExtractor) -> None:
    engine = engine_for(extractor)
    try:
        drain(engine)
    finally:
        engine.close()

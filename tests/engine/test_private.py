"""Private dev-logs: tagged here and by the embedded extractor alone, beside whatever the provider does."""

from contextlib import closing

import httpx2
import openai
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devlogs import entries
from devlogs.models import DevLog
from tagging import queues
from tagging.engine.dispatch import Dispatcher
from tagging.engine.engine import Engine
from tagging.engine.mailbox import Mailbox
from tagging.engine.sharing import make_attempts
from tagging.extraction.embedded.extractor import EmbeddedExtractor
from tagging.extraction.openai.client import OpenAIExtractor
from tagging.models import Attempt, Job, ProviderState, Spending
from tagging.models.shown_pause import shown_pause
from tagging.models.spending import estimate
from tests.support.calls import CallsOfTheTest
from tests.support.extractors import Paid, Scripted
from tests.support.jobs import claim, job_of, tags_of
from tests.support.model import KEY, Model
from tests.support.provider import OUTAGE, REFUSED, TOO_FAST_FOR_A_MINUTE, let_the_pause_pass
from tests.support.running import drain, engine_for

pytestmark = pytest.mark.django_db

ENTRY = "Wrote a Django view that reads from Redis."


@pytest.fixture(autouse=True)
def at_once(settings, monkeypatch):
    monkeypatch.setattr("tagging.engine.known_waits.PROVIDER_SECONDS", 0.0)
    settings.TAGGING_BACKOFF_SECONDS = 0


@pytest.fixture
def private(make_devlog):
    def make(entry=ENTRY, **fields):
        return make_devlog(entry, is_private=True, **fields)

    return make


@pytest.fixture
def started():
    """Start an engine whose calls end when the test says so."""
    engines = []

    def start(extractor, **options):
        engines.append(Engine(extractor, Mailbox(), until_empty=True, **options))
        return engines[-1]

    yield start
    for engine in engines:
        engine.close()


def by(devlog):
    return [(one.extractor, one.model, one.prompt_version, one.outcome) for one in job_of(devlog).timeline.all()]


class Sharing(Paid):
    shares_calls = True


FOUND = ["Django", "Redis", "Apache Kafka"]
EMBEDDED = ("embedded", "embedded", None, "answered")


# -- who answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extractor", [Scripted, Paid])
def test_a_private_dev_log_is_tagged_by_the_embedded_extractor_whatever_is_set(private, run_jobs, extractor):
    devlog, set_to_work = private(), extractor()

    run_jobs(set_to_work)

    assert (tags_of(devlog), by(devlog), set_to_work.entries) == (["Django", "Redis"], [EMBEDDED], [])


def test_others_beside_it_are_asked_as_ever(private, make_devlog, run_jobs):
    devlog, other, model = private(), make_devlog("Wrote a Flask app."), Paid(["Flask"])

    run_jobs(model)

    assert (by(devlog), model.entries, tags_of(other)) == ([EMBEDDED], ["Wrote a Flask app."], ["Flask"])


def test_bulk_entries_share_no_call_with_a_private_one(started, settings, django_user_model):
    settings.TAGGING_ENTRIES_PER_CALL = 4
    settings.TAGGING_CONCURRENCY = 1
    anna = django_user_model.objects.create(username="anna")
    made = [DevLog(entry=f"{ENTRY} {number}", author=anna, is_private=number % 2 == 0) for number in range(6)]
    entries.write_many(made)

    engine = started(Sharing(), make_calls=CallsOfTheTest)
    for _ in range(6):
        engine.expect_work()
        engine.step()

    assert [len(call) for call in engine.calls.calls] == [3]
    assert {job.devlog.entry for job in engine.calls.jobs} == {one.entry for one in made if not one.is_private}
    assert all(by(one) == [EMBEDDED] for one in made if one.is_private)


def test_a_private_entry_is_not_answered_by_what_was_paid_for_the_same_text(make_devlog, private, run_jobs):
    make_devlog(ENTRY)
    run_jobs(Paid(["Django"]))
    devlog = private()

    run_jobs(Paid())

    assert by(devlog) == [EMBEDDED]


def test_a_public_entry_is_not_answered_by_what_the_embedded_extractor_said_of_the_same_text(
    make_devlog, private, run_jobs
):
    private()
    run_jobs(Paid())
    make_devlog(ENTRY)
    model = Paid(["Django"])

    run_jobs(model)

    assert model.entries == [ENTRY]


def test_the_flag_counts_that_stands_beside_the_text_though_its_job_does_not_know_it(make_devlog, run_jobs):
    devlog, model = make_devlog(ENTRY), Paid()
    DevLog.objects.update(is_private=True)  # past all that would tell the job

    run_jobs(model)

    assert (by(devlog), model.entries) == ([EMBEDDED], [])


# -- what it does not wait for, and does not tell --------------------------------------------------------------------


@pytest.mark.parametrize("pause", [TOO_FAST_FOR_A_MINUTE, REFUSED])
def test_a_private_dev_log_does_not_wait_for_a_provider_that_refuses(private, make_devlog, started, pause):
    waiting, engine = make_devlog(), started(Paid(pause))
    drain(engine)

    devlog = private()
    drain(engine)

    assert (job_of(devlog).state, by(devlog), job_of(waiting).state) == ("done", [EMBEDDED], "pending")


def test_nor_for_the_budget(private, make_devlog, run_jobs, settings):
    settings.TAGGING_DAILY_TOKENS = 1
    waiting, devlog = make_devlog(), private()

    run_jobs(Paid())

    assert (job_of(waiting).state, job_of(devlog).state) == ("pending", "done")
    assert not any(spent.tokens for spent in Spending.objects.all())


def test_nor_does_it_take_of_what_others_may_spend(private, make_devlog, settings, started):
    settings.TAGGING_CONCURRENCY = 2
    settings.TAGGING_DAILY_TOKENS = int(1.5 * estimate(len(ENTRY)).tokens)
    private(), make_devlog("Wrote a Flask app.")

    engine = started(Paid(), make_calls=CallsOfTheTest)
    engine.step()

    assert [job.devlog.entry for job in engine.calls.jobs] == ["Wrote a Flask app."]


def test_nor_for_calls_that_take_all_there_may_be_at_once(private, make_devlog, settings, started):
    settings.TAGGING_CONCURRENCY = 1
    make_devlog("Wrote a Flask app.")
    engine = started(Paid(), make_calls=CallsOfTheTest)
    engine.step()
    devlog = private()

    for _ in range(2):
        engine.expect_work()
        engine.step()

    assert (len(engine.calls.jobs), job_of(devlog).state) == (1, "done")


def test_a_private_dev_log_is_no_probe_of_the_provider(private, make_devlog, run_jobs):
    make_devlog("Wrote a Flask app.")
    run_jobs(Paid(REFUSED))
    let_the_pause_pass()
    private()
    model = Paid(["Flask"])

    run_jobs(model)

    assert model.entries == ["Wrote a Flask app."]
    assert ProviderState.objects.current().is_clean


def test_where_nothing_but_private_dev_logs_are_due_no_probe_goes_out(private, make_devlog, run_jobs):
    make_devlog("Wrote a Flask app.")
    run_jobs(Paid(REFUSED))
    Job.objects.all().delete()
    ProviderState.objects.update(resume_at="2020-01-01T00:00Z")
    private()
    model = Paid()

    run_jobs(model)

    assert (model.canaries, ProviderState.objects.current().is_half_open) == (0, True)


@pytest.fixture
def half_open(run_jobs, make_devlog):
    """Have a provider that refused be tested by the next call; return a dispatcher."""
    refused = make_devlog("Refused.")
    run_jobs(Paid(REFUSED))
    refused.delete()
    dispatcher = Dispatcher(Paid())
    dispatcher.claim(1)  # its start ends the pause
    yield dispatcher
    dispatcher.close()


def test_a_probe_passes_over_private_dev_logs_that_are_due_before_it(private, make_devlog, half_open):
    private()
    other = make_devlog("Wrote a Flask app.")

    (probe,) = half_open.claim(1, free_here=0).jobs

    assert (probe.pk, probe.is_probe) == (other.pk, True)


def test_where_only_private_dev_logs_wait_the_provider_is_not_tested(private, half_open):
    private()

    assert half_open.claim(1, free_here=0).jobs == []


def test_with_a_budget_no_call_is_counted_for_a_private_dev_log(private, make_devlog, settings):
    settings.TAGGING_DAILY_TOKENS = 10**9
    devlog, other, engine = private(), make_devlog("Wrote a Flask app."), engine_for(Paid())

    (asked,) = engine.dispatcher.claim(1, free_here=0).jobs
    here, *_ = engine.dispatcher.claim(1, free_here=1).jobs

    assert (asked.pk, here.pk, job_of(devlog).reserved_tokens) == (other.pk, devlog.pk, 0)
    engine.close()


def test_no_more_share_calls_than_there_are_calls_because_of_a_private_one(settings, django_user_model):
    anna = django_user_model.objects.create(username="anna")
    entries.write_many([DevLog(entry=ENTRY, author=anna, is_private=number == 0) for number in range(12)])
    engine = engine_for(Sharing())

    claimed = engine.dispatcher.claim(2, 4).jobs

    assert len([job for job in claimed if not job.is_private]) == 4
    engine.close()


def test_its_answer_does_not_prove_that_another_entry_was_at_fault(make_devlog, private, started):
    doubted = make_devlog("Wrote a Flask app.")
    model = Paid(OUTAGE, outage=OUTAGE)
    engine = started(model)
    engine.step()
    while not job_of(doubted).in_doubt_since:
        engine.wait()
        engine.step()
    devlog = private()

    engine.expect_work()
    drain(engine)

    assert job_of(devlog).state == "done"
    assert (job_of(doubted).attempts, job_of(doubted).timeline.count()) == (0, 0)  # by the canary, which failed too


def test_what_goes_wrong_with_it_is_its_own_and_pauses_nobody(private, make_devlog, run_jobs, settings, monkeypatch):
    settings.TAGGING_MAX_ATTEMPTS = 2
    settings.TAGGING_BACKOFF_CAP_SECONDS = 0

    def fail(self, entry, *, safety_identifier=""):
        raise ValueError(entry)

    monkeypatch.setattr(EmbeddedExtractor, "extract", fail)
    devlog, other, model = private(), make_devlog("Wrote a Flask app."), Paid(["Flask"])

    run_jobs(model)

    assert (job_of(devlog).state, job_of(devlog).attempts, job_of(devlog).error_code) == ("failed", 2, "internal")
    assert (job_of(other).state, model.canaries, ProviderState.objects.count()) == ("done", 0, 0)


def test_while_the_queue_is_paused_it_does_not_say_that_it_waits(private, make_devlog, run_jobs):
    waiting = make_devlog()
    run_jobs(Paid(REFUSED))
    shown_pause.forget()
    devlog = private()

    assert (job_of(devlog).waits_for(shown_pause), job_of(waiting).waits_for(shown_pause)) == (None, "provider")
    assert job_of(devlog).due_at(shown_pause) == job_of(devlog).run_after


def test_an_idle_worker_with_a_budget_still_writes_nothing(settings):
    settings.TAGGING_DAILY_TOKENS = 10**9
    engine = engine_for(Paid())
    drain(engine)

    with CaptureQueriesContext(connection) as queries:
        engine.dispatcher.claim(1, free_here=1)

    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []
    engine.close()


def test_no_more_are_claimed_than_the_worker_may_take(private, make_devlog, started):
    make_devlog()
    engine = started(Paid(REFUSED), max_jobs=3)  # one of which the provider refuses
    drain(engine)
    for _ in range(3):
        private()

    drain(engine)

    assert Job.objects.filter(state="done").count() == 2


# -- when the flag changes -------------------------------------------------------------------------------------------


def flag(devlog, is_private):
    devlog.is_private = is_private
    return entries.edit(devlog, ["is_private"])


@pytest.mark.parametrize("is_private", [True, False])
def test_its_tags_are_asked_for_anew_when_it_becomes_private_or_public(make_devlog, run_jobs, is_private):
    devlog = make_devlog(ENTRY, is_private=not is_private)
    run_jobs(Paid(["Django"]))

    assert flag(devlog, is_private)
    assert (job_of(devlog).state, job_of(devlog).is_private, tags_of(devlog)) == ("pending", is_private, [])
    model = Paid(["Redis"])
    run_jobs(model)

    assert model.entries == ([] if is_private else [ENTRY])
    assert by(devlog)[-1][0] == ("embedded" if is_private else "paid")


def test_the_flag_as_it_is_asks_for_nothing(private, run_jobs):
    devlog = private()
    run_jobs(Paid())

    assert (flag(devlog, True), job_of(devlog).state) == (False, "done")


def test_what_a_model_says_of_a_dev_log_made_private_meanwhile_is_dropped(make_devlog, started):
    devlog = make_devlog(f"{ENTRY} And from Kafka.")
    engine = started(Paid(), make_calls=CallsOfTheTest)
    engine.step()
    (old,) = engine.calls.jobs

    flag(devlog, True)
    for _ in range(3):
        engine.expect_work()
        engine.step()
    assert (job_of(devlog).state, tags_of(devlog)) == ("done", FOUND)  # it waited for no call

    engine.slots.finish(*make_attempts(Paid(["Kafka"]), [old]))
    drain(engine)

    assert (tags_of(devlog), by(devlog)) == (FOUND, [EMBEDDED])


def test_a_failed_call_for_it_is_not_tried_again(make_devlog, started):
    devlog = make_devlog(ENTRY)
    engine = started(Paid(), make_calls=CallsOfTheTest)
    engine.step()
    flag(devlog, True)

    for _ in range(4):
        engine.expect_work()
        engine.step()

    assert len(engine.calls.jobs) == 1


def test_an_edit_of_the_text_alone_keeps_what_another_made_of_the_flag(make_devlog, run_jobs):
    devlog = make_devlog(ENTRY)
    seen = DevLog.objects.get()
    flag(devlog, True)

    seen.entry = "Wrote a Kafka consumer."
    entries.edit(seen, ["entry"])
    model = Paid()
    run_jobs(model)

    assert (seen.is_private, model.entries, tags_of(devlog)) == (True, [], ["Apache Kafka"])


def test_asked_once_more_it_is_as_private_as_it_is_now(private, run_jobs):
    devlog = private()
    run_jobs(Paid())
    Job.objects.update(is_private=False)

    queues.retag([devlog.pk])

    assert job_of(devlog).is_private


def test_a_batch_makes_many_private_and_has_those_that_change_tagged_anew(make_devlog, private, run_jobs):
    before, other = private(), make_devlog(ENTRY)
    run_jobs(Paid(["Django"]))

    entries.set_private([before.pk, other.pk], is_private=True)
    run_jobs(Paid())

    assert (by(before), len(by(other))) == ([EMBEDDED], 2)
    assert Attempt.objects.last().extractor == "embedded"


# -- made private while a call runs ----------------------------------------------------------------------------------


class MadePrivateMeanwhile(Model):
    """A model during whose first call the author makes the dev-log private."""

    def __call__(self, request):
        entries.set_private([Job.objects.get().pk], is_private=True)
        return super().__call__(request)


@pytest.mark.parametrize("reply", ["chatter", "no_response_format"])
@pytest.mark.parametrize("model, requests", [(Model, 2), (MadePrivateMeanwhile, 1)])
def test_neither_for_a_repair_nor_in_another_format_is_its_text_sent_again(make_devlog, reply, model, requests):
    make_devlog(ENTRY)
    asked = model(reply)
    client = openai.DefaultHttpx2Client(transport=httpx2.MockTransport(asked))
    with closing(OpenAIExtractor(api_key=KEY, http_client=client)) as extractor:
        make_attempts(extractor, claim())

    assert len(asked.bodies) == requests


# -- how it is claimed -----------------------------------------------------------------------------------------------


def test_the_claim_of_private_jobs_alone_leaves_out_all_others(make_devlog, private):
    make_devlog()
    devlog = private()

    alone = Job.objects.claim(5, owner="me", lease_seconds=60, private=True)

    assert [job.pk for job in alone] == [devlog.pk]
    assert [job.is_private for job in claim()] == [False]


def test_the_search_for_private_jobs_reads_their_own_index(private):
    private()
    if connection.vendor != "sqlite":
        pytest.skip("a table of one row is read as it is")

    plan = Job.objects.due().private().explain()

    assert "job_private_due" in plan

"""An author's share of the day: it holds for them alone, and their jobs go on when it does."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.functions import Now

from devlogs import entries
from devlogs.models import DevLog
from tagging import queues
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import AuthorSpending, Job, author_spending
from tagging.models.shown_pause import shown_pause
from tagging.models.spending import estimate
from tests.support.extractors import Paid, error
from tests.support.jobs import job_of
from tests.support.running import drain, engine_for

pytestmark = pytest.mark.django_db
ENTRY = "Wrote a Django view."
CALL = 10  # what an answer of Scripted costs


@pytest.fixture
def authors(db):
    create = get_user_model().objects.create
    return create(username="much"), create(username="little")


@pytest.fixture(autouse=True)
def one_call(settings):
    """Give each author a share for one call; what it costs is far less than what is reserved for it."""
    settings.TAGGING_CONCURRENCY = 4
    settings.TAGGING_DAILY_TOKENS_PER_AUTHOR = estimate(len(ENTRY)).tokens


def spend(author, tokens=1):
    AuthorSpending.objects.add({author.pk if author else 0: tokens}, author_spending.today())


def spent_by(author):
    number = author.pk if author else 0
    return AuthorSpending.objects.of([number], author_spending.today()).get(number, 0)


def tomorrow():
    return author_spending.end_of(author_spending.today())


def waits(devlog):
    job = job_of(devlog)
    return job.state, job.waits_for(shown_pause), job.run_after


def claim(limit=10, owner="me"):
    return [job.pk for job in Job.objects.claim(limit, owner=owner, lease_seconds=60, is_paid=True)]


def test_who_has_spent_their_share_waits_for_the_next_day_and_others_go_on(make_devlog, run_jobs, authors):
    much, little = authors
    spend(much)
    late = [make_devlog(ENTRY, author=much) for _ in range(3)]
    other = make_devlog(ENTRY, author=little)
    extractor = Paid(["Django"])

    run_jobs(extractor)

    assert (job_of(other).state, len(extractor.entries)) == ("done", 1)
    assert [waits(devlog) for devlog in late] == [("pending", "budget", tomorrow())] * 3


def test_who_is_anonymous_counts_as_one_author(make_devlog, run_jobs, authors):
    spend(None)
    anonymous, other = make_devlog(ENTRY), make_devlog(ENTRY, author=authors[0])

    run_jobs(Paid(["Django"]))

    assert (waits(anonymous)[1], job_of(other).state) == ("budget", "done")


def test_while_a_call_holds_the_share_the_author_s_others_stay_due(make_devlog, authors):
    first, second = (make_devlog(ENTRY, author=authors[0]) for _ in range(2))
    other = make_devlog(ENTRY, author=authors[1])

    assert claim() == [first.pk, other.pk]
    assert (waits(second)[:2], Job.objects.due().filter(pk=second.pk).exists()) == (("pending", None), True)


def test_a_share_for_one_call_at_a_time_is_used_until_it_is_spent(make_devlog, run_jobs, authors, settings):
    settings.TAGGING_DAILY_TOKENS_PER_AUTHOR += 2 * CALL
    devlogs = [make_devlog(f"{ENTRY}{number}", author=authors[0]) for number in range(5)]
    settings.TAGGING_DAILY_TOKENS_PER_AUTHOR += estimate(len(devlogs[0].entry)).tokens - estimate(len(ENTRY)).tokens

    run_jobs(Paid(*[["Django"]] * 5))

    assert [job_of(devlog).state for devlog in devlogs] == ["done"] * 3 + ["pending"] * 2
    assert spent_by(authors[0]) == 3 * CALL


def test_a_new_day_lets_them_go_on(make_devlog, run_jobs, authors, monkeypatch):
    spend(authors[0])
    devlog = make_devlog(ENTRY, author=authors[0])
    run_jobs(Paid())
    day = author_spending.today()
    monkeypatch.setattr(author_spending, "today", lambda: day + timedelta(days=1))
    Job.objects.filter(waiting_for="budget").update(run_after=Now())

    run_jobs(Paid(["Django"]))

    assert (job_of(devlog).state, job_of(devlog).waiting_for) == ("done", "")


@pytest.mark.parametrize("limit", [10**9, 0])
def test_a_raised_limit_or_none_lets_them_go_on_without_a_restart(make_devlog, authors, settings, limit):
    spend(authors[0])
    devlog = make_devlog(ENTRY, author=authors[0])
    engine = engine_for(Paid(["Django"]))
    drain(engine)
    assert waits(devlog)[1] == "budget"
    settings.TAGGING_DAILY_TOKENS_PER_AUTHOR = limit

    drain(engine)

    assert job_of(devlog).state == "done"
    engine.close()


def test_an_extractor_that_costs_nothing_takes_them_at_once(make_devlog, run_jobs, authors):
    spend(authors[0])
    devlog = make_devlog(ENTRY, author=authors[0])
    run_jobs(Paid())

    run_jobs()

    assert job_of(devlog).state == "done"


def test_a_private_dev_log_goes_on(make_devlog, run_jobs, authors):
    spend(authors[0])
    public, private = (make_devlog(ENTRY, author=authors[0], is_private=is_private) for is_private in (False, True))

    run_jobs(Paid())

    assert (job_of(private).state, waits(public)[1]) == ("done", "budget")


def test_what_waits_for_a_day_is_not_taken_for_a_clock_that_was_set_back(make_devlog, run_jobs, authors):
    spend(authors[0])
    devlog = make_devlog(ENTRY, author=authors[0])
    run_jobs(Paid())

    Job.objects.end_impossible_waits()

    assert waits(devlog)[1:] == ("budget", tomorrow())


def test_one_entry_too_long_for_what_is_left_leaves_it_to_shorter_ones(make_devlog, run_jobs, authors):
    long, short = (make_devlog(entry, author=authors[0]) for entry in (ENTRY * 900, ENTRY))

    run_jobs(Paid(["Django"]))

    assert (waits(long)[1], job_of(short).state) == ("budget", "done")


def test_an_entry_beyond_the_whole_share_is_the_one_call_of_a_day_of_which_nothing_is_taken(make_devlog, authors):
    first, second = (make_devlog(ENTRY * 900, author=authors[0]) for _ in range(2))

    assert (claim(), claim()) == ([first.pk], [])
    assert [waits(devlog)[1:] for devlog in (first, second)] == [(None, None), ("budget", tomorrow())]
    assert job_of(first).reserved_tokens == estimate(len(ENTRY * 900)).tokens


def test_such_an_entry_goes_the_next_day_where_something_was_taken_of_this_one(
    make_devlog, authors, run_jobs, monkeypatch
):
    spend(authors[0])
    devlog = make_devlog(ENTRY * 900, author=authors[0])
    assert (claim(), waits(devlog)[1]) == ([], "budget")
    day = author_spending.today()
    monkeypatch.setattr(author_spending, "today", lambda: day + timedelta(days=1))
    Job.objects.filter(waiting_for="budget").update(run_after=Now())

    run_jobs(Paid(["Django"]))

    assert job_of(devlog).state == "done"


def test_a_claim_at_midnight_is_of_one_day(make_devlog, authors, monkeypatch):
    spend(authors[0])
    devlog = make_devlog(ENTRY, author=authors[0])
    day = author_spending.today()
    days = iter([day])
    monkeypatch.setattr(author_spending, "today", lambda: next(days, day + timedelta(days=1)))

    claim()

    assert waits(devlog)[1:] == ("budget", author_spending.end_of(day))
    assert AuthorSpending.objects.get().day == day


# -- what is booked ----------------------------------------------------------------------------------------------


def test_an_answer_and_a_failure_are_booked_on_their_authors(make_devlog, run_jobs, authors, settings):
    settings.TAGGING_DAILY_TOKENS_PER_AUTHOR = 0
    failed = error(ErrorCode.RATE_LIMITED, waiting_for=WaitingFor.RATE_LIMIT)
    failed.input_tokens, failed.output_tokens = 7, 3
    for author in (authors[0], None, authors[1]):
        make_devlog(ENTRY if author else "Wrote Redis.", author=author)
    settings.TAGGING_CONCURRENCY = 1

    run_jobs(Paid(["Django"], ["Redis"], failed))

    assert [spent_by(author) for author in (authors[0], None)] == [CALL, CALL]


def test_a_lost_call_is_booked_as_it_was_reserved(make_devlog, authors):
    make_devlog(ENTRY, author=authors[0])
    claim(owner="dead")

    Job.objects.recover({"dead"})

    assert spent_by(authors[0]) == estimate(len(ENTRY)).tokens


def test_a_cancelled_call_is_booked_on_its_author(make_devlog, authors):
    devlog = make_devlog(ENTRY, author=authors[0])
    engine = engine_for(Paid(["Django"]))
    engine.step()
    Job.objects.cancel([devlog.pk])
    engine.mailbox.wait(timeout=10)

    engine.step()

    assert spent_by(authors[0]) == CALL
    engine.close()


def test_a_canary_is_booked_on_nobody(make_devlog, run_jobs, authors, settings):
    settings.TAGGING_DAILY_TOKENS_PER_AUTHOR = 0
    make_devlog(ENTRY, author=authors[0])

    run_jobs(Paid(error()))

    assert (AuthorSpending.objects.count(), Job.objects.get().attempts) == (0, 1)


def test_shared_calls_are_held_within_the_share(authors, settings):
    settings.TAGGING_ENTRIES_PER_CALL = 3
    entries.write_many([DevLog(entry=f"{ENTRY}{number}", author=authors[0]) for number in range(6)])

    class Sharing(Paid):
        shares_calls = True

    engine = engine_for(Sharing())
    engine.dispatcher.claim(4, 3)

    reserved = sum(Job.objects.values_list("reserved_tokens", flat=True))
    assert 0 < reserved <= settings.TAGGING_DAILY_TOKENS_PER_AUTHOR + 20
    engine.dispatcher.close()
    engine.close()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_never_reserve_more_than_the_share(make_devlog, authors, settings):
    settings.TAGGING_DAILY_TOKENS_PER_AUTHOR = 3 * estimate(len(ENTRY)).tokens
    for _ in range(8):
        for author in authors:
            make_devlog(ENTRY, author=author)
    begin = threading.Barrier(2)
    claimed = []

    def work(name):
        begin.wait()
        for _ in range(8):
            claimed.extend(claim(2, owner=name))
        connection.close()

    threads = [threading.Thread(target=work, args=[name]) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    held = [Job.objects.running().filter(author_id=author.pk).count() for author in authors]
    assert (len(claimed), len(set(claimed))) == (sum(held), sum(held))
    assert max(held) <= 3
    assert not Job.objects.filter(waiting_for="budget").exists()


def test_an_edit_of_an_entry_that_waits_does_not_pass_the_share(make_devlog, run_jobs, authors):
    spend(authors[0])
    devlog = make_devlog(ENTRY, author=authors[0])
    run_jobs(Paid())
    queues.enqueue_again(devlog)

    run_jobs(Paid())

    assert waits(devlog)[:2] == ("pending", "budget")

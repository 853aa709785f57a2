"""What has had its time goes, and nothing that another figure, tag or decision rests on."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone
from knox.models import AuthToken

from devlog_project.api.models import Counter, IdempotencyKey, TokenDetails
from devlogs.data import pruning
from devlogs.models import DevLog
from tagging import queues
from tagging.curation import edits, vocabulary
from tagging.management.commands import retag
from tagging.models import Attempt, AuthorSpending, Batch, DevLogTag, Job, Spending, Tag, Worker
from tests.support.extractors import Paid
from tests.support.jobs import claim, portions_of, tags_of
from tests.support.waiting import beside

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=400)


def prune(*arguments):
    call_command("prune", *arguments)


def attempts_of(devlog):
    return [attempt.outcome for attempt in Attempt.objects.filter(job=devlog.pk)]


def make_old(days=400):
    Attempt.objects.update(finished_at=timezone.now() - timedelta(days=days))


@pytest.fixture
def attempt_of(make_tagged):
    """Return a function that adds an attempt to a dev-log that has its tags; the one that found them is the last."""
    devlog = make_tagged("Django")

    def add(**fields):
        now = timezone.now()
        told = {"number": 1, "started_at": now, "finished_at": now, "outcome": "answered", "answer": []} | fields
        return Attempt.objects.create(job=devlog.job, **told)

    return add


@pytest.fixture
def say(monkeypatch):
    """Return a function that has a person at the terminal answer so."""

    def answer(text):
        monkeypatch.setattr("builtins.input", lambda question: text)

    return answer


# -- attempts --------------------------------------------------------------------------------------------------------


def test_old_attempts_go_once_later_ones_have_taken_their_place(make_tagged, tag_again):
    devlog = make_tagged("Django", "Redis", "Celery")
    tag_again(devlog, "Redis")
    tag_again(devlog, "Celery")
    make_old()

    prune()

    assert (attempts_of(devlog), tags_of(devlog)) == (["answered"], ["Celery"])


def test_younger_ones_stay(make_tagged, tag_again):
    devlog = make_tagged("Django")
    tag_again(devlog, "Redis")
    make_old(days=80)

    prune()
    assert len(attempts_of(devlog)) == 2

    prune("--older-than", "60")
    assert len(attempts_of(devlog)) == 1


def test_the_newest_failure_stays_and_those_before_it_go(attempt_of):
    attempt_of(outcome="failed", error_code="timeout")
    attempt_of(outcome="lost")
    newest = attempt_of(outcome="failed", error_code="refused")
    make_old()

    prune()

    assert [each.outcome for each in Attempt.objects.all()] == ["answered", "failed"]
    assert Attempt.objects.filter(pk=newest.pk).exists()


def test_the_newest_answer_that_was_paid_for_stays_as_the_ledger_may_ask_for_it(attempt_of):
    older, newest = attempt_of(prompt_version=1), attempt_of(prompt_version=1)
    attempt_of(extractor="embedded")
    make_old()

    prune()

    assert not Attempt.objects.filter(pk=older.pk).exists()
    assert Attempt.objects.filter(pk=newest.pk).exists()


def test_an_answer_of_a_shared_call_takes_no_place_of_one_given_alone(attempt_of):
    alone = attempt_of(prompt_version=1)
    attempt_of(prompt_version=1, entries_in_call=8)
    make_old()

    prune()

    assert Attempt.objects.filter(pk=alone.pk).exists()


def test_the_same_entry_is_still_not_paid_for_twice(make_devlog, run_jobs):
    devlog = make_devlog("Wrote Django.")
    for _ in range(3):
        run_jobs(Paid(["Django"]))
        queues.retag([devlog.pk])
    run_jobs(Paid(["Django"]))
    make_old()

    prune()
    make_devlog("Wrote Django.")
    run_jobs(unasked := Paid())

    assert (unasked.entries, Attempt.objects.filter(job=devlog.pk).count()) == ([], 1)


def test_those_of_a_job_under_way_stay(make_tagged, tag_again):
    devlog = make_tagged("Django")
    tag_again(devlog, "Redis")
    queues.retag([devlog.pk])
    claim()
    make_old()

    prune()

    assert len(attempts_of(devlog)) == 2


def test_an_old_attempt_that_a_tag_names_stays_whatever_came_after_it(attempt_of):
    source = DevLogTag.objects.get().attempt
    attempt_of()
    make_old()

    prune()

    assert DevLogTag.objects.get().attempt == source


def test_what_a_day_cost_and_what_became_of_jobs_stays_as_it_was(make_tagged, tag_again):
    devlog = make_tagged("Django")
    tag_again(devlog, "Redis")
    Spending.objects.update(day="2020-01-01")
    make_old()
    before = list(Job.objects.values()), list(Spending.objects.values()), tags_of(devlog)

    prune()

    assert (list(Job.objects.values()), list(Spending.objects.values()), tags_of(devlog)) == before
    assert len(attempts_of(devlog)) == 1


# -- all else --------------------------------------------------------------------------------------------------------


def make_log_entry(at):
    user = User.objects.create_user("root")
    kind = ContentType.objects.get_for_model(Tag)
    return LogEntry.objects.create(user=user, content_type=kind, action_flag=CHANGE, action_time=at)


def make_token(at):
    token = AuthToken.objects.create(User.objects.create_user("grace"))[0]
    AuthToken.objects.update(expiry=at)
    return TokenDetails.objects.create(token=token, name="laptop")


def make_key(at):
    key = IdempotencyKey.objects.create(key="k", fingerprint="f", status=201)
    IdempotencyKey.objects.update(created_at=at)
    return key


def make_worker(at):
    return Worker.objects.create(name="one", host="host", pid=1, seen_at=at)


def make_spending(at):
    return AuthorSpending.objects.create(day=at.date(), author_id=0, tokens=7)


def make_batch(at):
    return Batch.objects.create(page="p", label="l", total=1, updated_at=at)


def make_session(at):
    return Session.objects.create(session_key="s", session_data="", expire_date=at)


def make_counter(at):
    return Counter.objects.create(key="k", ends_at=int(at.timestamp()), count=1)


# What makes each, and how many days later it goes.
AGES = [
    (make_log_entry, 365),
    (make_spending, 90),
    (make_batch, 30),
    (make_worker, 1),
    (make_key, 1),
    (make_token, 0),
    (make_session, 0),
    (make_counter, 0),
]


@pytest.mark.parametrize("make, days", AGES)
def test_what_has_had_its_time_goes(make, days):
    made = make(timezone.now() - timedelta(days=days + 2))

    prune()

    assert not type(made).objects.exists()


@pytest.mark.parametrize("make, days", AGES)
def test_what_has_its_time_still_stays(make, days):
    made = make(timezone.now() - timedelta(days=days) + timedelta(hours=1))

    prune()

    assert type(made).objects.exists()


def test_what_an_author_who_is_gone_had_spent_goes_whatever_its_age():
    AuthorSpending.objects.create(day=timezone.now().date(), author_id=77, tokens=7)

    prune()

    assert not AuthorSpending.objects.exists()


def test_a_count_that_began_anew_meanwhile_stays():
    make_counter(timezone.now() - LONG_AGO)
    (rows,) = (kind.rows for kind in pruning.kinds() if kind.rows.model is Counter)
    ids = list(rows.values_list("pk", flat=True))
    Counter.objects.add("k", 1, int((timezone.now() + LONG_AGO).timestamp()))

    pruning.delete(rows, ids)

    assert Counter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_end_well(monkeypatch):
    for number in range(30):
        Counter.objects.create(key=str(number), ends_at=1, count=1)
    portions_of(3, monkeypatch)

    other = beside(prune)
    prune()
    other()

    assert not Counter.objects.exists()


# -- only where told -------------------------------------------------------------------------------------------------


def test_dev_logs_stay_unless_it_is_told_from_when_on(make_devlog):
    DevLog.objects.filter(pk=make_devlog().pk).update(created_at=timezone.now() - LONG_AGO)

    prune("--yes")

    assert DevLog.objects.count() == 1


def test_dev_logs_before_a_date_go_with_their_tags_once_a_person_says_yes(make_tagged, say, capsys):
    old, new = make_tagged("Django"), make_tagged("Redis")
    DevLog.objects.filter(pk=old.pk).update(created_at="2020-01-31T00:00Z")
    say("yes")

    prune("--entries-before", "2021-01-31")

    assert (list(DevLog.objects.all()), DevLogTag.objects.count(), Job.objects.count()) == ([new], 1, 1)
    assert "dev-logs                    1  2020-01-31\n" in capsys.readouterr().out


@pytest.mark.parametrize("said", ["", "n"])
def test_they_stay_where_a_person_does_not_say_yes(make_devlog, say, said):
    make_devlog()
    say(said)

    with pytest.raises(CommandError, match="Nothing was deleted"):
        prune("--entries-before", "2100-01-01")

    assert DevLog.objects.count() == 1


def test_where_nobody_can_be_asked_it_says_what_to_add(make_devlog, monkeypatch):
    def ended(question):
        raise EOFError

    make_devlog()
    monkeypatch.setattr("builtins.input", ended)

    with pytest.raises(CommandError, match="add --yes"):
        prune("--entries-before", "2100-01-01")


def test_names_on_no_dev_log_stay_unless_they_are_told_and_then_go():
    Tag.objects.create(name="Django", slug="django")

    prune()
    assert Tag.objects.exists()

    prune("--unused-tags")
    assert not Tag.objects.exists()


def carried(tag, make_tagged):
    make_tagged(tag.name)


def taken_off(tag, make_tagged):
    edits.remove(make_tagged(tag.name), tag.name, None)


DECISIONS = {
    "carried": carried,
    "taken off by a person": taken_off,
    "blocked": lambda tag, _: vocabulary.block([tag.pk]),
    "an alias": lambda tag, _: vocabulary.merge(tag, Tag.objects.create(name="Redis", slug="redis")),
    "the tag of an alias": lambda tag, _: vocabulary.merge(Tag.objects.create(name="Redis", slug="redis"), tag),
    "spelt by a person": lambda tag, _: Tag.objects.update(is_name_fixed=True),
    "of a kind that a person said": lambda tag, _: Tag.objects.update(is_kind_fixed=True),
}


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_name_that_means_something_still_stays(decision, make_tagged):
    tag = Tag.objects.create(name="Django", slug="django")
    DECISIONS[decision](tag, make_tagged)

    prune("--unused-tags")

    assert Tag.objects.filter(pk=tag.pk).exists()


# -- what a person sees ----------------------------------------------------------------------------------------------


def test_a_dry_run_counts_and_deletes_nothing(capsys):
    make_session(timezone.now() - LONG_AGO)

    prune("--dry-run")

    day = timezone.now() - LONG_AGO
    assert f"sessions, ended             1  {day:%Y-%m-%d}" in capsys.readouterr().out
    assert Session.objects.exists()


def test_one_that_is_interrupted_says_how_far_it_came_and_is_repeated_for_the_rest(monkeypatch):
    for number in range(9):
        Counter.objects.create(key=str(number), ends_at=1, count=1)
    portions_of(3, monkeypatch)
    delete = pruning.delete

    def interrupted(rows, ids):
        if "3" in ids:
            raise KeyboardInterrupt
        delete(rows, ids)

    monkeypatch.setattr(pruning, "delete", interrupted)
    with pytest.raises(CommandError, match="Interrupted: 3 rows are deleted; repeat the command") as raised:
        prune()
    assert (raised.value.returncode, Counter.objects.count()) == (retag.INTERRUPTED, 6)

    monkeypatch.setattr(pruning, "delete", delete)
    prune()
    assert not Counter.objects.exists()


def test_an_age_that_figures_of_today_rest_on_is_refused():
    with pytest.raises(CommandError, match="'1' is not a number from 2 on"):
        prune("--older-than", "1")

"""`manage.py seed`: a year to look at, the same each time, and never where it does harm."""

import io
import re
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from devlogs.models import DevLog
from devlogs.seeding import story
from devlogs.seeding.fates import FRESH, LASTING, RETRYING, fates_of
from devlogs.seeding.story import AUTHORS, year_until
from tagging.models import Attempt, AuthorSpending, DevLogTag, Job, Removal, Spending

NOW = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
CAP = timedelta(seconds=600)
GERMAN = re.compile(r"\b(und|der|die|das|nicht|für)\b")


@pytest.fixture
def development(settings):
    settings.DEBUG = True


@pytest.fixture
def seeded(db, development, monkeypatch):
    """A database with a year of 140 days: of fewer, on some days nothing has failed for good."""
    monkeypatch.setattr(story, "YEAR", 140)
    out = io.StringIO()
    call_command("seed", stdout=out)
    return out.getvalue()


@pytest.fixture
def at_a_terminal(monkeypatch):
    """Answer what is asked at a terminal."""

    def answer(text):
        keyboard = io.StringIO(text)
        keyboard.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", keyboard)

    return answer


def test_the_year_is_the_same_each_time_it_is_told():
    assert year_until(NOW) == year_until(NOW)


def test_later_on_the_same_day_there_is_only_more_of_it():
    earlier, later = year_until(NOW - timedelta(hours=4)), year_until(NOW)

    assert later[: len(earlier)] == earlier


def test_the_year_is_one_of_several_who_write_in_two_languages():
    told = year_until(NOW)

    assert {one.author for one in told} == {author.name for author in AUTHORS}
    assert 1_000 < len(told) < 1_400
    assert 300 < sum(bool(GERMAN.search(one.entry)) for one in told) < 700


def test_nobody_writes_the_same_twice_or_leaves_a_part_undrawn():
    told = [(one.author, one.entry) for one in year_until(NOW)]

    assert len(set(told)) == len(told)
    assert not [entry for _, entry in told if re.search(r"[{}|]", entry)]


def test_weekdays_have_far_more_than_weekends_and_no_entry_is_of_the_future():
    told = year_until(NOW)

    weekend = sum(one.at.weekday() >= 5 for one in told)
    assert 0 < weekend < len(told) / 20
    assert max(one.at for one in told) <= NOW
    assert (NOW - min(one.at for one in told)).days > 350


def test_what_they_work_with_shifts_over_the_year():
    told = year_until(NOW)
    old, new = ("Celery", "Webpack", "Jenkins"), ("FastAPI", "Vite", "Argo CD")
    early, late = told[: len(told) // 3], told[-len(told) // 3 :]

    def count(names, entries):
        return sum(name in one.entry for one in entries for name in names)

    assert count(old, early) > 2 * count(old, late)
    assert count(new, late) > 2 * count(new, early)


def test_every_kind_of_failure_is_there():
    ended = {fate.fault for fate in fates_of(year_until(NOW), NOW, 5, CAP) if fate.fault and not fate.due_at}

    assert set(LASTING) < ended


def test_no_attempt_is_of_the_future():
    fates = fates_of(year_until(NOW), NOW, 5, CAP)

    assert max(each.begun for fate in fates for each in fate.tries) < NOW


def test_a_database_has_dev_logs_that_are_done_that_failed_and_that_wait(seeded):
    states = set(Job.objects.values_list("state", flat=True))
    waiting = Job.objects.filter(state=Job.State.PENDING)

    assert states == {Job.State.DONE, Job.State.FAILED, Job.State.PENDING}
    assert waiting.filter(waiting_for="").count() == FRESH
    assert waiting.filter(waiting_for="retry", run_after__gt=timezone.now()).count() == RETRYING


def test_tags_are_found_and_some_are_set_or_taken_off_by_hand(seeded):
    assert DevLogTag.objects.filter(attempt__isnull=False, evidence__gt="").count() > 150
    assert DevLogTag.objects.filter(attempt=None, person__isnull=False).exists()
    assert Removal.objects.exists()
    assert DevLog.objects.filter(is_private=True).exists()


def test_a_private_entry_was_sent_to_no_model(seeded):
    of_private = Attempt.objects.filter(job__is_private=True)

    assert set(of_private.values_list("extractor", "input_tokens")) == {("embedded", 0)}


def test_each_day_says_what_it_cost_but_for_today_whose_budget_is_whole(seeded):
    days = Spending.objects.exclude(tokens=0)

    assert days.count() > 30
    assert not days.filter(day__gte=timezone.now().date()).exists()
    assert sum(AuthorSpending.objects.values_list("tokens", flat=True)) == sum(days.values_list("tokens", flat=True))


def test_no_made_up_answer_is_taken_for_one_of_the_model(seeded):
    assert set(Attempt.objects.filter(extractor="openai").values_list("entry_digest", flat=True)) == {""}


@pytest.mark.parametrize("cap", [30, 600, 3600])
def test_what_is_tried_again_waits_on_when_the_service_starts(db, development, settings, monkeypatch, caplog, cap):
    settings.TAGGING_BACKOFF_CAP_SECONDS = cap
    monkeypatch.setattr(story, "YEAR", 20)
    call_command("seed", stdout=io.StringIO())
    retries = Job.objects.filter(waiting_for="retry").order_by("pk").values_list("pk", "run_after")
    planned = list(retries)

    Job.objects.end_impossible_waits()

    assert list(retries) == planned
    assert caplog.text == ""


def test_one_is_told_when_those_that_wait_will_be_tagged(seeded):
    assert seeded.splitlines()[-1] == (
        "7 of them wait for their tags. Once the service runs, 3 are tagged at once and 4, whose first attempts "
        "failed, 10 to 18 minutes from now: until then their pages say why."
    )


def test_what_waits_is_tagged_by_a_worker(seeded, run_jobs):
    fresh = list(Job.objects.filter(state=Job.State.PENDING, waiting_for="").values_list("pk", flat=True))

    run_jobs()

    assert set(Job.objects.filter(pk__in=fresh).values_list("state", flat=True)) == {Job.State.DONE}


def test_one_of_the_authors_can_log_in_with_the_password_that_is_shown(seeded, client):
    [password] = re.findall(r"Log in as ada, password (\S+) ", seeded)

    assert client.login(username="ada", password=password)
    assert not User.objects.get(username="ada").is_staff
    assert not User.objects.get(username="sam").has_usable_password()


def test_a_user_of_before_keeps_the_password(db, development, monkeypatch):
    monkeypatch.setattr(story, "YEAR", 20)
    User.objects.create_user("ada", password="mine")
    out = io.StringIO()

    call_command("seed", stdout=out)

    assert User.objects.get(username="ada").check_password("mine")
    assert "with the password of then" in out.getvalue()


def test_a_superuser_is_named_for_the_admin(db, development, monkeypatch):
    monkeypatch.setattr(story, "YEAR", 20)
    User.objects.create_superuser("root", password="r")
    out = io.StringIO()

    call_command("seed", stdout=out)

    assert "For the admin log in as root." in out.getvalue()


def test_a_database_with_dev_logs_stays_as_it_is(make_devlog, development):
    make_devlog()

    with pytest.raises(CommandError, match="has dev-logs already"):
        call_command("seed")

    assert DevLog.objects.count() == 1
    assert not User.objects.exists()


def test_a_database_in_production_is_never_filled(db):
    with pytest.raises(CommandError, match="DEBUG is off"):
        call_command("seed")

    assert not DevLog.objects.exists()


def test_a_simulation_keeps_its_database_to_itself(db, development, settings):
    settings.SIMULATION = True

    with pytest.raises(CommandError, match="SIMULATION is on"):
        call_command("seed")


@pytest.mark.parametrize("answer, count", [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)])
def test_at_a_terminal_one_is_asked_first(db, development, monkeypatch, at_a_terminal, answer, count):
    monkeypatch.setattr(story, "YEAR", 10)
    at_a_terminal(answer)

    call_command("seed", "--offer", stdout=io.StringIO())

    assert DevLog.objects.exists() == count


def test_elsewhere_one_is_told_how(db, development, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    out = io.StringIO()

    call_command("seed", "--offer", stdout=out)

    assert "`make seed`" in out.getvalue()
    assert not DevLog.objects.exists()


def test_where_it_cannot_be_done_it_is_not_offered(make_devlog, development):
    make_devlog()
    out = io.StringIO()

    call_command("seed", "--offer", stdout=out)

    assert out.getvalue() == ""

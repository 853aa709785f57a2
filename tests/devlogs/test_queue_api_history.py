"""The figures of `/api/v1/queue/` by hour, by day and by week, and the failures by code."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from devlogs.models import DevLog
from tagging.models import Attempt, Job, Spending, Tag, failures, history
from tagging.models.author_spending import today

pytestmark = pytest.mark.django_db

QUEUE = "/api/v1/queue/"


@pytest.fixture(autouse=True)
def staff(api, django_user_model, settings):
    settings.API_OPEN = False
    user = django_user_model.objects.create(username="boss", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_devlog"))
    api.force_authenticate(user)
    return user


@pytest.fixture
def noon(monkeypatch):
    """Have it be a moment that no test can cross the hour at."""
    now = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)  # a Wednesday
    monkeypatch.setattr("tagging.models.history.timezone.now", lambda: now)
    monkeypatch.setattr("tagging.models.history.today", now.date)
    return now


def attempt(devlog, finished_at, seconds=2.0, outcome="answered", number=1):
    started_at = finished_at - timedelta(seconds=seconds)
    return Attempt.objects.create(
        job_id=devlog.pk, number=number, started_at=started_at, finished_at=finished_at, outcome=outcome
    )


def fail(devlog, code, detail="It failed."):
    Job.objects.filter(pk=devlog.pk).update(
        state="failed", run_after=None, error_code=code, error_detail=detail, finished_at=timezone.now()
    )


# -- by hour -----------------------------------------------------------------------------------------------------


def test_hours_are_the_last_24_and_each_counts_what_ended_in_it(api, make_devlog, noon):
    devlog = make_devlog()
    begin = noon.replace(minute=0)
    attempt(devlog, begin)
    attempt(devlog, begin + timedelta(minutes=29), outcome="failed")
    attempt(devlog, begin + timedelta(minutes=20), outcome="lost")
    attempt(devlog, begin - timedelta(milliseconds=1))
    attempt(devlog, begin - timedelta(hours=23))
    attempt(devlog, begin - timedelta(hours=23, milliseconds=1))  # before them all

    hours = api.get(QUEUE).json()["hours"]

    assert [hour["hour"] for hour in (hours[0], hours[-1])] == [
        "2026-11-24T13:00:00Z",
        "2026-11-25T12:00:00Z",
    ]
    told = {place: (hours[place]["answered"], hours[place]["failed"]) for place in (0, 21, 22, 23)}
    assert told == {0: (1, 0), 21: (0, 0), 22: (1, 0), 23: (1, 2)}


def test_an_hour_tells_how_long_its_calls_took_and_how_long_people_waited(make_devlog, noon):
    begin = noon.replace(minute=0)
    for number in range(1, 11):
        devlog = make_devlog()
        attempt(devlog, begin + timedelta(minutes=5), seconds=number)
        Job.objects.filter(pk=devlog.pk).update(
            queued_at=begin + timedelta(minutes=5) - timedelta(seconds=10 * number)
        )

    hour = history.by_hour()[-1]

    assert hour["milliseconds_of_call"] == {"p50": 5000, "p95": 10_000}
    assert hour["milliseconds_until_done"] == {"p50": 50_000, "p95": 100_000}


def test_what_was_asked_for_anew_since_is_not_taken_for_a_wait(make_devlog, noon):
    devlog = make_devlog()
    attempt(devlog, noon.replace(minute=1))
    Job.objects.filter(pk=devlog.pk).update(queued_at=noon)

    hour = history.by_hour()[-1]

    assert (hour["answered"], hour["milliseconds_until_done"]) == (1, {"p50": None, "p95": None})


def test_of_an_hour_no_more_than_the_last_answers_are_timed(make_devlog, noon, monkeypatch):
    monkeypatch.setattr(history, "TIMED_OF_HOUR", 2)
    devlog = make_devlog()
    for minute in range(1, 6):
        attempt(devlog, noon.replace(minute=minute), seconds=minute)

    hour = history.by_hour()[-1]

    assert (hour["answered"], hour["milliseconds_of_call"]) == (5, {"p50": 4000, "p95": 5000})


def test_hours_are_read_once_in_some_seconds(make_devlog, noon, django_assert_num_queries):
    history.by_hour()

    with django_assert_num_queries(0):
        history.by_hour()
    history.forget()
    with django_assert_num_queries(2):
        history.by_hour()


def test_hours_that_are_over_are_read_once_and_the_present_one_each_time(make_devlog, noon):
    devlog, begin = make_devlog(), noon.replace(minute=0)
    history.by_hour()
    attempt(devlog, begin - timedelta(minutes=1))
    attempt(devlog, begin + timedelta(minutes=1))
    history.by_hour.forget()

    assert [hour["answered"] for hour in history.by_hour()[-2:]] == [0, 1]


# -- by day ------------------------------------------------------------------------------------------------------


def test_days_are_the_last_30_and_what_each_cost(api):
    Spending.objects.create(day=today(), tokens=7, cost=Decimal("0.25"))
    Spending.objects.create(day=today() - timedelta(days=29), tokens=5)
    Spending.objects.create(day=today() - timedelta(days=30), tokens=3)

    days = api.get(QUEUE).json()["days"]

    assert (len(days), days[0]["tokens"], days[-1]) == (
        30,
        5,
        {"day": today().isoformat(), "tokens": 7, "cost": "0.250000"},
    )
    assert sum(day["tokens"] for day in days) == 12


# -- technologies by week ----------------------------------------------------------------------------------------


def written(on, *names, **fields):
    devlog = DevLog.objects.create(entry="Wrote.", **fields)
    DevLog.objects.filter(pk=devlog.pk).update(created_at=datetime(on.year, on.month, on.day, 8, tzinfo=UTC))
    for name in names:
        tag, _ = Tag.objects.get_or_create(name=name, slug=name.lower())
        tag.taggings.create(devlog=devlog)


def test_weeks_tell_how_many_dev_logs_name_what_most_do(api, noon):
    written(date(2026, 11, 23), "Django", "Redis")
    written(date(2026, 11, 25), "Django")
    written(date(2026, 11, 22), "Django")  # a Sunday
    written(date(2026, 9, 6), "Redis")  # the last day before them all

    weeks = api.get(QUEUE).json()["weeks"]

    assert (weeks["weeks"][0], weeks["weeks"][-1], weeks["devlogs"]) == ("2026-09-07", "2026-11-23", [0] * 10 + [1, 2])
    assert [(one["name"], one["slug"], one["devlogs"][-2:]) for one in weeks["technologies"]] == [
        ("Django", "django", [1, 2]),
        ("Redis", "redis", [0, 1]),
    ]


def test_of_a_week_no_more_than_the_last_dev_logs_are_looked_at(noon, monkeypatch):
    monkeypatch.setattr(history, "SEEN_OF_WEEK", 2)
    for _ in range(3):
        written(date(2026, 11, 24), "Django")

    weeks = history.technologies()

    assert (weeks["devlogs"][-1], weeks["technologies"][0]["devlogs"][-1]) == (2, 2)


def test_what_private_dev_logs_name_is_not_told(api, admin_client, noon):
    written(date(2026, 11, 24), "Django")
    written(date(2026, 11, 24), "Secret", "Django", is_private=True)

    answer, page = api.get(QUEUE), admin_client.get("/admin/queue/")

    weeks = answer.json()["weeks"]
    assert (weeks["devlogs"][-1], [one["name"] for one in weeks["technologies"]]) == (1, ["Django"])
    assert [b"Secret" in each.content for each in (answer, page)] == [False, False]


def test_no_more_than_six_technologies_are_followed(noon):
    written(date(2026, 11, 24), *(f"Tool{number}" for number in range(8)))

    assert len(history.technologies()["technologies"]) == 6


# -- failures ----------------------------------------------------------------------------------------------------


def test_failures_come_by_code_most_first_with_the_latest_as_an_example(api, make_devlog):
    devlogs = [make_devlog() for _ in range(4)]
    fail(devlogs[0], "refused")
    fail(devlogs[1], "timeout", "first")
    fail(devlogs[2], "timeout", "second")

    found = api.get(QUEUE).json()["failures"]

    assert [(one["code"], one["count"], one["example"]["devlog"]) for one in found] == [
        ("timeout", 2, devlogs[2].pk),
        ("refused", 1, devlogs[0].pk),
    ]
    assert found[0]["example"]["detail"] == "second"


def test_of_a_private_dev_log_that_failed_only_its_number_is_told(api, make_devlog):
    devlog = make_devlog(is_private=True)
    fail(devlog, "internal", "Words of its entry.")

    example = api.get(QUEUE).json()["failures"][0]["example"]

    assert (example["devlog"], example["is_private"], example["detail"]) == (devlog.pk, True, None)


def test_details_are_told_to_those_who_may_view_dev_logs_alone(api, make_devlog, staff):
    fail(make_devlog(), "internal", "Words of its entry.")
    staff.user_permissions.clear()

    answer = api.get(QUEUE)

    assert (answer.json()["failures"][0]["example"]["detail"], b"Words" in answer.content) == (None, False)


def test_details_are_told_to_all_while_the_api_is_open(api, make_devlog, settings):
    settings.API_OPEN = True
    fail(make_devlog(), "internal", "Out of memory.")
    api.force_authenticate()

    assert api.get(QUEUE).json()["failures"][0]["example"]["detail"] == "Out of memory."


def test_no_more_than_the_latest_failures_are_counted(make_devlog, monkeypatch):
    monkeypatch.setattr(failures, "MOST_COUNTED", 2)
    for code in ("timeout", "refused", "refused"):
        fail(make_devlog(), code)

    assert [(one["code"], one["count"]) for one in failures.by_code(may_see=True)] == [("refused", 2)]

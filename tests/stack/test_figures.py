"""What the stack says of each technology."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.utils import timezone

from devlogs.models import DevLog
from tagging.curation import edits
from tagging.models import Attempt, DevLogTag, Tag
from tagging.stack.figures import Trend, stack_of, trend_of
from tagging.stack.period import Period, PeriodError, period

pytestmark = pytest.mark.django_db
MAY = Period(date(2026, 5, 1), date(2026, 5, 30))
ALL_TIME = Period(None, date(2026, 11, 1))


def stack(author, when=MAY, limit=10, **options):
    return stack_of(DevLog.objects.filter(author=author), when, limit, **options)


def test_a_technology_has_its_dev_logs_its_share_and_its_days(on, author):
    on("2026-05-02", "Django")
    on("2026-05-20", "Django", "Redis")
    on("2026-05-21", "Rust")
    on("2026-05-22", "Rust")

    (django, rust, redis) = stack(author).technologies

    assert (django.name, django.slug, django.kind) == ("Django", "django", "framework")
    assert (django.devlogs, django.share) == (2, 50.0)
    assert (django.first_used, django.last_used) == (date(2026, 5, 2), date(2026, 5, 20))
    assert (rust.devlogs, redis.devlogs) == (2, 1)


def test_both_days_of_a_period_belong_to_it_and_no_other(on, author):
    for day in ("2026-04-30", "2026-05-01", "2026-05-30", "2026-05-31"):
        on(day, "Django")

    assert stack(author).devlogs == 2


def test_all_time_begins_with_the_first_dev_log(on, author):
    on("2024-02-29", "Django")

    assert stack(author, ALL_TIME).period.since == date(2024, 2, 29)


def test_of_no_dev_log_there_is_no_technology(author):
    empty = stack(author, ALL_TIME)

    assert (empty.devlogs, empty.left_out, list(empty.technologies)) == (0, 0, [])


def test_equal_counts_are_ordered_by_slug_and_what_is_beyond_the_limit_is_counted(on, author):
    on("2026-05-02", "Redis", "Celery", "Django")
    on("2026-05-03", "Redis")

    found = stack(author, limit=2)

    assert [each.slug for each in found.technologies] == ["redis", "celery"]
    assert found.left_out == 1


def test_what_waits_and_what_failed_is_counted(on, untagged, author):
    on("2026-05-02", "Django")
    untagged("2026-05-03", "pending")
    untagged("2026-05-04", "failed")
    untagged("2026-06-04", "failed")

    found = stack(author)

    assert (found.devlogs, found.pending, found.failed) == (3, 1, 1)


@pytest.mark.parametrize(
    "early, late, trend",
    [
        ((0, 10), (1, 10), Trend.NEW),
        ((0, 0), (1, 10), Trend.NEW),
        ((4, 10), (5, 10), Trend.RISING),
        ((4, 10), (49, 100), Trend.STEADY),
        ((4, 10), (31, 100), Trend.STEADY),
        ((4, 10), (3, 10), Trend.FALLING),
        ((4, 10), (0, 0), Trend.FALLING),
    ],
)
def test_a_trend_compares_the_shares_of_both_halves(early, late, trend):
    assert trend_of(early, late) == trend


def test_the_later_half_begins_at_the_middle(on, author):
    on("2026-05-15", "Django", "Redis")
    on("2026-05-16", "Django", "Rust")

    trends = {each.name: each.trend for each in stack(author).technologies}

    assert trends == {"Django": Trend.STEADY, "Redis": Trend.FALLING, "Rust": Trend.NEW}
    assert MAY.middle == datetime(2026, 5, 16, tzinfo=UTC)


def test_the_source_is_the_extractor_of_the_newest_or_a_person(on, author):
    first, second = on("2026-05-02", "Django", "Redis"), on("2026-05-03", "Django", "Redis")
    Attempt.objects.filter(job=first.pk).update(model="old")
    Attempt.objects.filter(job=second.pk).update(model="new")
    edits.remove(second, "redis", author)
    edits.add(second, "Redis", author)

    sources = {each.name: each.source for each in stack(author).technologies}

    assert sources == {"Django": "scripted:new", "Redis": "person"}


def test_the_finders_are_the_first_the_last_and_a_person_who_set_it_anywhere(on, author):
    first, second = on("2026-05-02", "Django", "Redis"), on("2026-05-03", "Django", "Rust")
    Attempt.objects.filter(job=first.pk).update(model="old")
    Attempt.objects.filter(job=second.pk).update(model="new")
    edits.add(first, "Rust", author)
    edits.add(second, "Kafka", author)

    finders = {each.name: each.finders for each in stack(author).technologies}

    assert finders == {
        "Django": ["scripted:old", "scripted:new"],
        "Rust": ["scripted:new", "person"],
        "Redis": ["scripted:old"],
        "Apache Kafka": ["person"],
    }


def test_a_quote_is_of_the_dev_log_that_was_written_last_not_of_the_one_saved_last(on, author):
    newest = on("2026-05-20", "Django", "Redis")
    on("2026-05-03", "Django")  # as an import does

    quotes = {each.name: each.evidence for each in stack(author, with_quotes=True).technologies}

    assert quotes["Django"].devlog == newest.pk
    assert quotes["Django"].date == date(2026, 5, 20)
    assert "Django" in quotes["Django"].quote


def test_a_private_quote_is_for_its_author_alone(on, author, django_user_model):
    public, private = on("2026-05-02", "Django"), on("2026-05-03", "Django")
    DevLog.objects.filter(pk=private.pk).update(is_private=True)
    other = django_user_model.objects.create(username="other", is_staff=True)

    def quoted(reader):
        return stack(author, with_quotes=True, reader=reader).technologies[0].evidence.devlog

    assert (quoted(author), quoted(other), quoted(None)) == (private.pk, public.pk, public.pk)


def test_a_tag_that_a_person_set_has_no_quote(make_devlog, author):
    devlog = make_devlog(author=author)
    edits.add(devlog, "Redis", author)
    today = timezone.now().date()

    (redis,) = stack(author, Period(today, today), with_quotes=True).technologies

    assert (redis.name, redis.evidence) == ("Redis", None)


def test_weeks_begin_on_monday(on, author):
    on("2026-05-03", "Django")  # a Sunday
    on("2026-05-04", "Django", "Redis")
    on("2026-05-10", "Redis")

    weeks = stack(author, by_week=True).weeks

    assert list(weeks.items()) == [
        (date(2026, 5, 4), {"redis": 2, "django": 1}),
        (date(2026, 4, 27), {"django": 1}),
    ]


@pytest.mark.parametrize(
    "chosen, since",
    [
        ("last_30_days", date(2026, 10, 2)),
        ("last_6_months", date(2026, 5, 1)),
        (None, date(2026, 5, 1)),
        ("last_year", date(2025, 11, 1)),
        ("all_time", None),
    ],
)
def test_a_range_ends_today(chosen, since, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 10, 31, 23, 59, tzinfo=UTC))

    assert period(chosen, None, None) == Period(since, date(2026, 10, 31))


def test_no_period_reaches_beyond_today():
    today = timezone.now().astimezone(UTC).date()

    assert period(None, None, date.max) == Period(None, today)
    with pytest.raises(PeriodError, match="before it begins"):
        period(None, date.max, None)


def test_the_dev_logs_are_read_by_an_index(on, author):
    """None of the tables that grow is read from its beginning to its end, though SQLite knows no statistics."""
    on("2026-05-02", "Django")
    tables = [model._meta.db_table for model in (DevLog, DevLogTag, Attempt)]
    plans = []

    def look(execute, sql, params, many, context):
        with connection.cursor() as cursor:
            if "tagging_" in sql and connection.vendor == "sqlite":
                plans.extend(cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall())
        return execute(sql, params, many, context)

    options = {"with_quotes": True, "by_week": True, "reader": author}
    with connection.execute_wrapper(lambda *call: call[0](*call[1:]) if "EXPLAIN" in call[1] else look(*call)):
        stack(author, **options)

    assert [plan for *_, plan in plans if any(plan.startswith(f"SCAN {table}") for table in tables)] == []
    assert plans or connection.vendor != "sqlite"


@pytest.mark.parametrize("options", [{}, {"with_quotes": True}, {"by_week": True}])
def test_as_many_statements_read_fifty_technologies_as_one(on, author, options, django_assert_num_queries):
    on("2026-05-02", "Django")
    few = 4 + 2 * ("with_quotes" in options) + ("by_week" in options)
    with django_assert_num_queries(few):
        stack(author, limit=100, **options)
    on("2026-05-03", *[f"Tool{number}" for number in range(49)])

    with django_assert_num_queries(few):
        assert len(stack(author, limit=100, **options).technologies) == 50
    assert Tag.objects.count() == 50

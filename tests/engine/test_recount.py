"""How often tags are used: counted at once where the dev-logs are few, else beside the requests."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.db.models.functions import Now

from devlogs.models import DevLog
from tagging.engine import recount
from tagging.engine.recount import Counted, Recount, RecountThread, refresh
from tagging.models import Batch, Tag, TagUse
from tagging.models.tag_use import PAGE
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db


@pytest.fixture
def used(make_tagged):
    """Use Django on four dev-logs and Redis on one, each on a day of its own."""
    for day, names in [
        ("2026-02-28T23:59Z", ["Django"]),
        ("2026-03-01T00:01Z", ["Django", "Redis"]),
        ("2025-07-09T12:00Z", ["Django"]),
        ("2026-03-31T23:59Z", ["Django"]),
    ]:
        DevLog.objects.filter(pk=make_tagged(*names).pk).update(created_at=day)


@pytest.fixture
def in_twos(monkeypatch):
    monkeypatch.setattr(recount, "DEVLOGS_AT_ONCE", 2)


def figures():
    return {
        use.tag.name: (use.devlogs, use.first_used, use.last_used, use.months)
        for use in TagUse.objects.select_related("tag")
    }


FOUND = {
    "Django": (4, date(2025, 7, 9), date(2026, 3, 31), {"2025-07": 1, "2026-02": 1, "2026-03": 2}),
    "Redis": (1, date(2026, 3, 1), date(2026, 3, 1), {"2026-03": 1}),
}


def test_few_are_counted_at_once(used):
    assert refresh() == Counted()
    assert figures() == FOUND


def test_portions_add_up(used, in_twos):
    count = Recount()
    while not count.is_finished:
        count.step()

    assert figures() == FOUND


def test_what_is_used_no_more_is_forgotten(used):
    refresh()
    Tag.objects.get(name="Redis").taggings.all().delete()

    refresh()

    assert figures() == {"Django": FOUND["Django"]}


def test_a_tag_deleted_while_it_is_counted_leaves_nothing_behind(used):
    count = Recount()
    count.step()
    Tag.objects.filter(name="Redis").delete()

    count.step()

    assert figures() == {"Django": FOUND["Django"]}


@pytest.mark.django_db(transaction=True)
def test_many_are_counted_beside_the_requests(used, in_twos):
    assert refresh() == Counted(percent=0)

    eventually(lambda: Batch.objects.filter(page=PAGE, finished_at__isnull=False).exists(), "all are counted")
    assert figures() == FOUND
    assert refresh().at is not None


@pytest.mark.django_db(transaction=True)
def test_of_two_who_look_at_once_one_begins_a_count(used, in_twos, monkeypatch):
    begun, both_look = [], Barrier(2, timeout=20)
    monkeypatch.setattr(RecountThread, "start", lambda thread: begun.append(thread))

    class Late(Recount):
        def __init__(self):
            super().__init__()
            both_look.wait()

    def look(_):
        try:
            return refresh()
        finally:
            connection.close()

    monkeypatch.setattr(recount, "Recount", Late)
    with ThreadPoolExecutor(2) as people:
        told = list(people.map(look, range(2)))

    assert (told, len(begun)) == ([Counted(percent=0)] * 2, 1)


def test_a_count_that_runs_is_not_begun_again(used, in_twos):
    Batch.objects.advance(Batch.objects.begin(PAGE, "Uses of tags counted", 4, None), 3)

    assert refresh() == Counted(percent=75)
    assert figures() == {}


@pytest.mark.parametrize("fields", [{"finished_at": 700}, {"updated_at": 100}])
def test_one_that_is_old_or_whose_process_ended_is_begun_again(used, fields):
    batch = Batch.objects.begin(PAGE, "Uses of tags counted", 4, None)
    Batch.objects.filter(pk=batch.pk).update(
        **{name: Now() - timedelta(seconds=seconds) for name, seconds in fields.items()}
    )

    assert refresh() == Counted()
    assert figures() == FOUND


def test_a_count_that_fails_is_given_up(used, monkeypatch):
    batch = Batch.objects.begin(PAGE, "Uses of tags counted", 4, None)
    thread = RecountThread(Recount(), batch)
    monkeypatch.setattr(Recount, "step", lambda self: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        thread.step()

    assert thread.stopping.is_set()
    assert recount.latest_batch() is None

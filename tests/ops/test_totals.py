"""What a scrape may cost others, and what it does where it may not write."""

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tagging.models import Attempt, Totals
from tests.support.scraping import value
from tests.support.waiting import begun

# With the look of /readyz, which takes nine of them.
MOST_QUERIES = 35


@pytest.fixture
def scrape(client):
    return lambda: client.get("/metrics", REMOTE_ADDR="127.0.0.1", HTTP_HOST="localhost").content.decode()


def ended(devlog):
    now = timezone.now()
    Attempt.objects.create(job_id=devlog.pk, number=1, started_at=now, finished_at=now, outcome="answered")


@pytest.mark.django_db
def test_a_scrape_asks_as_many_questions_however_much_has_ended(scrape, make_devlog, django_assert_max_num_queries):
    scrape()
    for _ in range(30):
        ended(make_devlog())

    with django_assert_max_num_queries(MOST_QUERIES):
        assert value(scrape(), "devlog_attempts_total") == 30


@pytest.mark.django_db
def test_while_nothing_has_ended_nothing_is_written(scrape, make_devlog, django_assert_num_queries):
    ended(make_devlog())
    scrape()

    with django_assert_num_queries(2):
        Totals.objects.renewed()


@pytest.mark.django_db(transaction=True)
def test_while_another_holds_the_row_it_tells_what_was_counted_before(scrape, make_devlog):
    scrape()
    ended(make_devlog())
    is_held, is_read = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Totals.objects.select_for_update().get()
            is_held.set()
            is_read.wait(20)

    holding = begun(hold)
    is_held.wait(20)
    text = scrape()
    is_read.set()
    holding.result(20)

    assert (value(text, "devlog_attempts_total"), value(text, "devlog_database_up")) == (0, 1)
    assert value(scrape(), "devlog_attempts_total") == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no pool")
@pytest.mark.django_db
def test_the_pool_is_told(scrape):
    assert value(scrape(), "db_client_connection_max") == 20

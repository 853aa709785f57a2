"""Authors are served alternately where more is due than can be claimed, whatever one of them has pending."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from devlogs import entries
from devlogs.models import DevLog
from tagging import queues
from tagging.engine import rotation
from tagging.engine.dispatch import Dispatcher
from tagging.models import Job, due
from tagging.models.claims import first_come
from tests.support.extractors import Paid, Scripted
from tests.support.jobs import failure

pytestmark = pytest.mark.django_db


@pytest.fixture
def authors(django_user_model):
    """Return this many authors, in the order of their ids."""
    return lambda count: [django_user_model.objects.create(username=f"author-{n}") for n in range(count)]


@pytest.fixture
def write():
    """Save so many dev-logs of one author with their jobs."""

    def save(author, count=1, *, is_bulk=False):
        for _ in range(count):
            entries.write(DevLog(entry="Wrote a Django app.", author=author), is_bulk=is_bulk)

    return save


@pytest.fixture
def dispatcher():
    dispatchers = []

    def start(extractor=None):
        dispatchers.append(Dispatcher(extractor or Scripted([])))
        return dispatchers[-1]

    yield start
    for one in dispatchers:
        one.close()


def served(dispatcher, *claims):
    """Claim so many jobs at a time; return the authors of each claim."""
    return [[job.devlog.author for job in dispatcher.claim(free).jobs] for free in claims]


def test_an_authors_single_entry_waits_one_round_beside_anothers_many(authors, write, dispatcher):
    many, single = authors(2)
    write(many, 40)
    write(single)

    claims = served(dispatcher(), 1, 1)

    assert sorted(author.username for (author,) in claims) == ["author-0", "author-1"]


def test_an_entry_that_comes_while_anothers_are_claimed_is_next(authors, write, dispatcher, monkeypatch):
    monkeypatch.setattr(rotation, "WINDOW_SECONDS", 0)
    many, single = authors(2)
    write(many, 40)
    worker = dispatcher()
    served(worker, 3)
    write(single)

    assert served(worker, 1, 1) == [[single], [many]]


@pytest.mark.parametrize("free", [1, 3, 8])
def test_authors_with_many_entries_get_alike(authors, write, dispatcher, free):
    three = authors(3)
    for author in three:
        write(author, 40)
    worker = dispatcher()

    got = Counter(author for claim in served(worker, *[free] * (24 // free)) for author in claim)

    assert got == dict.fromkeys(three, 8)


def test_beside_many_authors_an_entry_waits_its_share(authors, write, dispatcher, monkeypatch):
    monkeypatch.setattr(rotation, "WINDOW", 3)
    everybody = authors(10)
    for author in everybody:
        write(author, 4)

    assert [author for (author,) in served(dispatcher(), *[1] * 20)] == 2 * everybody


def test_entries_without_an_author_count_as_one_authors(authors, write, dispatcher):
    (single,) = authors(1)
    write(None, 10)
    write(single, 10)

    assert Counter(author for (author,) in served(dispatcher(), *[1] * 8)) == {None: 4, single: 4}


def test_what_one_author_does_not_use_goes_to_the_others(authors, write, dispatcher):
    few, many = authors(2)
    write(few, 2)
    write(many, 10)

    (claim,) = served(dispatcher(), 8)

    assert Counter(claim) == {few: 2, many: 6}


def test_bulk_work_alternates_too_and_stays_behind_what_people_wait_for(authors, write, dispatcher):
    importer, other, person = authors(3)
    write(importer, 10, is_bulk=True)
    write(other, 10, is_bulk=True)
    worker = dispatcher()
    served(worker, 1)
    write(person, 2)

    claims = served(worker, 1, 1, 1, 1, 1, 1)

    assert claims[:2] == [[person], [person]]
    assert Counter(author for (author,) in claims[2:]) == {importer: 2, other: 2}


@pytest.mark.parametrize("window, claims", [(64, 2), (2, 6)])
def test_authors_all_of_whose_jobs_wait_for_later_stand_in_nobodys_way(
    authors, write, dispatcher, monkeypatch, window, claims
):
    monkeypatch.setattr(rotation, "WINDOW", window)
    many, *waiting, single = authors(7)
    for author in waiting:
        write(author, 2)
    Job.objects.update(run_after=Now() + timedelta(hours=1))
    write(many, 20)
    write(single)

    assert [single] in served(dispatcher(), *[1] * claims)


def test_two_workers_claim_no_job_twice_and_leave_none(authors, write, dispatcher):
    for author in authors(3):
        write(author, 7)
    workers = [dispatcher(), dispatcher()]

    ids = [job.pk for _ in range(10) for worker in workers for job in worker.claim(2).jobs]

    assert sorted(ids) == sorted(Job.objects.values_list("pk", flat=True))


def test_a_claim_that_takes_less_than_it_may_says_that_there_is_no_more(authors, write, dispatcher):
    for author in authors(3):
        write(author)
    worker = dispatcher()

    assert [worker.claim(2).is_all, worker.claim(2).is_all] == [False, True]


def test_a_claim_within_a_budget_alternates_and_reserves_for_what_it_takes(authors, write, dispatcher, settings):
    settings.TAGGING_DAILY_TOKENS = 100_000_000
    many, single = authors(2)
    write(many, 10)
    entries.write(DevLog(entry="Wrote a Django app. " * 900, author=single))
    worker = dispatcher(Paid(["Django"]))

    claims = served(worker, 1, 1)

    assert sorted(author.username for (author,) in claims) == ["author-0", "author-1"]
    reserved = dict(Job.objects.running().values_list("devlog__author__username", "reserved_tokens"))
    assert reserved["author-1"] > reserved["author-0"] + 5_000


def test_a_job_keeps_its_author_through_retries_and_retags(authors, write, dispatcher):
    (author,) = authors(1)
    write(author)
    (job,) = dispatcher().claim(1).jobs
    Job.objects.discard(failure(job))
    queues.retag([job.pk])

    assert Job.objects.get().author_id == author.pk


def test_every_way_in_names_the_author(authors):
    (author,) = authors(1)
    entries.write(DevLog(entry="Wrote a Django app.", author=author))
    entries.write_many([DevLog(entry="Wrote a Flask app.", author=author), DevLog(entry="Wrote a Flask app.")])

    assert list(Job.objects.order_by("pk").values_list("author_id", flat=True)) == [author.pk, author.pk, 0]


@pytest.mark.parametrize("parts", [first_come(8), [(0, 5, 4), (0, 7, 4)]])
def test_a_claim_reads_no_more_than_it_takes(parts):
    plan = plan_of(*due.jobs(parts, 8, untried=False, private=None))

    assert plan.count("job_due" if parts == first_come(8) else "job_of_author") == 2
    assert not re.search("Sort|B-TREE|SCAN tagging_job|Seq Scan", plan)


def test_the_look_for_authors_reads_two_entries_of_an_index_for_each():
    with CaptureQueriesContext(connection) as queries:
        due.authors_after(0, 0, 64)

    plan = plan_of(queries[0]["sql"])

    assert plan.count("job_of_author") == 2
    assert not re.search("Sort|B-TREE|SCAN tagging_job|Seq Scan", plan)


def plan_of(query, values=None):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # which chooses by what it knows of the rows
            cursor.execute("INSERT INTO devlogs_devlog (id, entry) SELECT n, 'Django' FROM generate_series(1, 3000) n")
            cursor.execute("INSERT INTO tagging_job (devlog_id, author_id) SELECT id, id % 100 FROM devlogs_devlog")
            cursor.execute("ANALYZE tagging_job")
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
            )
            cursor.execute(f"EXPLAIN ANALYZE {query}", values)
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {query}", values)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())

"""All dev-logs that a list finds as a file: what it holds, and that no export is held in memory."""

import asyncio
import csv
import io
import json

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext

from devlogs import exports
from devlogs.exports import escaped, unescaped
from devlogs.models import DevLog
from tagging.curation import edits

pytestmark = pytest.mark.django_db
EXPORT = "/api/v1/devlogs/export/"
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1"]


@pytest.fixture
def author(api, django_user_model):
    user = django_user_model.objects.create(username="anna")
    api.force_authenticate(user)
    return user


def lines(api, query=""):
    return [json.loads(line) for line in api.get(EXPORT + query).getvalue().decode().splitlines()]


def table(api):
    return list(csv.DictReader(io.StringIO(api.get(f"{EXPORT}?format=csv").getvalue().decode(), newline="")))


def test_a_line_holds_all_that_is_to_come_back(api, author, make_tagged):
    devlog = make_tagged("Django", "Redis", author=author, external_id="note-1", is_private=True)
    edits.add(devlog, "Celery", author)
    edits.remove(devlog, "Redis", author)

    assert lines(api) == [
        {
            "external_id": "note-1",
            "id": devlog.pk,
            "author": "anna",
            "created_at": api.get(f"/api/v1/devlogs/{devlog.pk}/").json()["created_at"],
            "entry": "Wrote Django and Redis",
            "private": True,
            "tags": ["Django"],
            "person_tags": ["Celery"],
            "removed_tags": ["Redis"],
        }
    ]


def test_a_table_holds_the_same(api, author, make_tagged):
    devlog = make_tagged("Django", author=author)
    (row,) = table(api)

    assert (row["id"], row["entry"], row["private"], row["external_id"], row["tags"]) == (
        str(devlog.pk),
        "Wrote Django",
        "false",
        "",
        '["Django"]',
    )


@pytest.mark.parametrize(
    "name, content_type", [("ndjson", "application/x-ndjson"), ("csv", "text/csv; charset=utf-8")]
)
@pytest.mark.parametrize("accept", ["*/*", "text/csv"])
def test_it_comes_as_a_file_to_save(api, author, name, content_type, accept):
    response = api.get(f"{EXPORT}?format={name}", headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (200, content_type)
    assert response["Content-Disposition"].startswith('attachment; filename="devlogs-')
    assert response["Content-Disposition"].endswith(f'.{name}"')
    response.getvalue()


def test_nothing_found_is_an_empty_file_or_the_names_alone(api, author):
    assert api.get(EXPORT).getvalue() == b""
    assert api.get(f"{EXPORT}?format=csv").getvalue().decode() == ",".join(exports.COLUMNS) + "\r\n"


def test_what_is_asked_for_by_head_is_not_read(api, author, make_devlog):
    make_devlog(author=author)

    with CaptureQueriesContext(connection) as queries:
        assert api.head(EXPORT).getvalue() == b""

    assert not [query for query in queries if "tagging_removal" in query["sql"]]


@pytest.mark.parametrize(
    "query, field", [("format=xml", "format"), ("state=lost", "state"), ("ordering=id", "ordering")]
)
def test_what_it_does_not_know_is_refused_as_a_problem(api, author, query, field):
    response = api.get(f"{EXPORT}?{query}")

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert list(response.json()["errors"]) == [field]


def test_it_finds_what_the_list_finds(api, author, make_tagged):
    make_tagged("Django", author=author)
    both = make_tagged("Django", "Redis", author=author)

    assert [line["id"] for line in lines(api, "?tag=Django&tag=Redis&state=done")] == [both.pk]


def test_an_author_gets_their_own_alone(settings, api, author, make_devlog, django_user_model):
    settings.API_OPEN = False
    make_devlog(author=django_user_model.objects.create(username="ben"))
    own = make_devlog(author=author)

    assert [line["id"] for line in lines(api)] == [own.pk]
    api.force_authenticate(None)
    assert api.get(EXPORT).status_code == 401


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_a_text_to_a_spreadsheet(text):
    assert escaped(text) == f"'{text}"


@pytest.mark.parametrize("text", [*FORMULAS, *(f"'{text}" for text in FORMULAS), "'", "'x", "''=x", "", "a=1"])
def test_whatever_was_escaped_comes_back(text):
    assert unescaped(escaped(text)) == text


# -- In constant memory ----------------------------------------------------------------------------------------------


@pytest.fixture
def two_at_a_time(monkeypatch):
    monkeypatch.setattr(exports, "PORTION", 2)


def test_all_come_once_and_in_order_over_any_number_of_portions(api, author, make_devlog, two_at_a_time):
    ids = [make_devlog(author=author).pk for _ in range(5)]

    assert [line["id"] for line in lines(api)] == ids


def test_a_portion_is_read_only_when_the_one_before_it_was_taken(api, author, make_devlog, two_at_a_time):
    for _ in range(6):
        make_devlog(author=author)
    response = api.get(EXPORT)
    texts, sizes = iter(response.streaming_content), []

    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            sizes.append((next(texts).count(b"\n"), len(queries)))

    # Of the first, all was read before the answer began.
    assert sizes == [(2, 0), (2, 3), (2, 3)]
    response.getvalue()


def test_what_is_written_meanwhile_does_not_keep_it_from_ending(api, author, make_devlog, two_at_a_time):
    for _ in range(3):
        make_devlog(author=author)

    received = []
    for text in api.get(EXPORT).streaming_content:
        received.append(text)
        make_devlog(author=author)
        make_devlog(author=author)

    assert b"".join(received).count(b"\n") == 3


def test_the_queries_of_a_portion_do_not_grow_with_it(api, author, make_tagged):
    counts = []
    for _ in range(2):
        make_tagged("Django", "Redis", author=author)
        with CaptureQueriesContext(connection) as queries:
            lines(api)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_one_too_many_at_once_is_told_when_to_ask_again(api, author, make_devlog):
    make_devlog(author=author)
    slow = [api.get(EXPORT) for _ in range(exports.MOST_EXPORTS)]

    response = api.get(EXPORT)

    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert int(response["Retry-After"]) > 0
    slow.pop().getvalue()
    assert len(lines(api)) == 1
    for each in slow:
        each.getvalue()


def test_one_that_fails_or_is_asked_for_by_head_takes_no_place(api, author):
    for _ in range(exports.MOST_EXPORTS + 1):
        api.get(f"{EXPORT}?state=lost")
        api.head(EXPORT)

    assert lines(api) == []


@pytest.mark.django_db(transaction=True)
def test_an_asgi_server_streams_it_too(make_devlog, two_at_a_time):
    ids = [make_devlog().pk for _ in range(5)]

    async def received():
        response = await AsyncClient().get(EXPORT)
        assert response.is_async
        texts = [text async for text in response.streaming_content]
        await sync_to_async(lambda: connection.close())()
        return texts

    texts = asyncio.run(received())

    assert [len(text.splitlines()) for text in texts] == [2, 2, 1]
    assert [json.loads(line)["id"] for line in b"".join(texts).splitlines()] == ids
    assert DevLog.objects.count() == 5

"""The list on the page at `/`: whose entries, in which order, and what it is narrowed by."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from devlogs.models import DevLog
from tests.support.home import chips, entries_of, link, offered

pytestmark = pytest.mark.django_db


def write_at(make_devlog, author, *moments):
    devlogs = [make_devlog(f"Entry {number}", author=author) for number, _ in enumerate(moments)]
    for devlog, moment in zip(devlogs, moments, strict=True):
        DevLog.objects.filter(pk=devlog.pk).update(created_at=moment)
    return devlogs


def test_one_sees_ones_own_entries_alone(page, ada, grace, make_devlog):
    mine = make_devlog(author=ada)
    make_devlog(author=grace)
    make_devlog()

    assert entries_of(page.get("/")) == [mine.pk]


def test_staff_see_their_own_entries_alone_too(page, ada, grace, make_devlog):
    ada.is_staff = True
    ada.save()
    make_devlog(author=grace)

    assert entries_of(page.get("/")) == []


def test_entries_stand_under_their_days_the_newest_first(page, ada, make_devlog):
    now = timezone.now().replace(hour=12)
    old = datetime(2026, 3, 1, 12, tzinfo=UTC)
    devlogs = write_at(make_devlog, ada, old, now - timedelta(days=1), now, old + timedelta(hours=1))

    response = page.get("/")

    headings = re.findall(r"<h2>(\w+) <time datetime=\"([-0-9]+)\">([^<]+)", response.content.decode())
    assert [name for name, *_ in headings] == ["Today", "Yesterday", "Sunday"]
    assert headings[2][1:] == ("2026-03-01", "March 1, 2026")
    assert entries_of(response) == [devlogs[number].pk for number in (2, 1, 3, 0)]


def test_days_are_named_in_the_readers_language(page, ada, make_devlog):
    write_at(make_devlog, ada, datetime(2026, 3, 1, 12, tzinfo=UTC))

    assert "1. März 2026" in page.get("/", headers={"Accept-Language": "de"}).content.decode()


def test_older_entries_are_on_further_pages_each_once(page, ada, make_devlog):
    written = [make_devlog(author=ada).pk for _ in range(65)]
    DevLog.objects.update(created_at=timezone.now())  # all at the same moment

    seen, address = [], "/"
    while address:
        response = page.get(address)
        seen.append(entries_of(response))
        address = link(response, "next")

    assert [len(some) for some in seen] == [30, 30, 5]
    assert [pk for some in seen for pk in some] == written[::-1]


def test_newer_leads_back(page, ada, make_devlog):
    for _ in range(31):
        make_devlog(author=ada)
    first = page.get("/")

    second = page.get(link(first, "next"))

    assert entries_of(page.get(link(second, "prev"))) == entries_of(first)
    assert link(second, "next") is None


@pytest.mark.parametrize("query", ["tag=django", "tag=Django", "kind=framework", "state=done", "q=wrote+django"])
def test_the_filters_are_those_of_the_api(page, ada, make_tagged, make_devlog, query):
    tagged = make_tagged("Django", author=ada)
    make_devlog("Slept.", author=ada)

    assert entries_of(page.get(f"/?{query}")) == [tagged.pk]


@pytest.mark.parametrize("query, expected", [("private=true", [True]), ("private=false", [False])])
def test_private_entries_are_filtered(page, ada, make_devlog, query, expected):
    make_devlog(author=ada, is_private=True)
    make_devlog(author=ada)

    shown = entries_of(page.get(f"/?{query}"))

    assert [DevLog.objects.get(pk=pk).is_private for pk in shown] == expected


def test_ranges_of_days_are_offered_as_links(page, ada, make_devlog):
    now = timezone.now()
    days = (1, 20, 60, 300, 400)
    devlogs = write_at(make_devlog, ada, *(now - timedelta(days=days) for days in days))
    links = offered(page.get("/"))

    shown = {name: len(entries_of(page.get(links[name]))) for name in ("7 days", "30 days", "90 days", "a year")}

    assert shown == {"7 days": 1, "30 days": 2, "90 days": 3, "a year": 4}
    assert len(devlogs) == 5


def test_the_tags_of_ones_own_entries_are_offered_the_most_used_first(page, ada, grace, make_tagged):
    make_tagged("Django", "Redis", author=ada)
    make_tagged("Redis", author=ada)
    make_tagged("Kotlin", author=grace)

    links = offered(page.get("/"))

    assert [name for name in links if name in ("Django", "Redis", "Kotlin")] == ["Redis", "Django"]
    assert len(entries_of(page.get(links["Django"]))) == 1


def test_each_filter_that_is_set_can_be_taken_off_by_itself(page, ada, make_tagged):
    make_tagged("Django", "Redis", author=ada)

    response = page.get("/?tag=django&tag=Redis&state=done&q=wrote&since=2026-03-01")

    shown = chips(response)
    assert list(shown) == ["Django", "Redis", "tagged", "since March 1, 2026", "“wrote”"]
    assert shown["Django"] == "/?tag=Redis&state=done&since=2026-03-01&q=wrote"
    assert shown["tagged"] == "/?tag=django&tag=Redis&since=2026-03-01&q=wrote"
    assert list(chips(page.get(shown["Redis"]))) == ["Django", "tagged", "since March 1, 2026", "“wrote”"]


def test_a_filter_is_added_to_those_that_are_set(page, ada, make_tagged):
    make_tagged("Django", "Redis", author=ada)

    links = offered(page.get("/?tag=django&state=done"))

    assert links["Redis"] == "/?tag=django&tag=redis&state=done"
    assert links["failed"] == "/?tag=django&state=failed"


def test_a_search_keeps_the_filters(page):
    html = page.get("/?state=done&private=true").content.decode()

    assert '<input type="hidden" name="state" value="done">' in html
    assert '<input type="hidden" name="private" value="true">' in html


@pytest.mark.parametrize(
    "query, message",
    [
        ("state=odd", "“odd”: One of: pending, running, done, failed."),
        ("kind=odd", "“odd”: One of: language,"),
        ("private=maybe", "“maybe”: One of: true, false."),
        ("since=yesterday", "“yesterday”: A date (2026-03-31)"),
        ("until=2026-02-30", "“2026-02-30”: A date (2026-03-31)"),
        ("q=%21%21", "“!!”: There is no word in it"),
        ("q=" + "a" * 201, "At most 200 characters."),
        ("&".join(["tag=a"] * 11), "At most 10 tags at once."),
        ("tag=nobody-has-it", "There is no tag “nobody-has-it”."),
        ("colour=red", "There is no filter “colour”."),
        ("author=grace", "There is no filter “author”."),
        ("cursor=made-up", "This address leads to no page of the list."),
        ("q=%3Cscript%3E%3C%21", "Nothing found"),
        ("since=99999-01-01", "A date (2026-03-31)"),
    ],
)
def test_what_no_filter_can_be_is_said_in_place(page, ada, make_devlog, query, message):
    make_devlog(author=ada)

    response = page.get(f"/?{query}")

    html = response.content.decode()
    assert message in html
    assert response.status_code == (200 if message == "Nothing found" else 400)
    assert 'id="id_entry"' in html
    assert "<script>" not in html
    assert entries_of(response) == []

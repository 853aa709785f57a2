"""The page of one's stack: whose it is, of which time and kind, and what it says where there is little."""

import re
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import timezone

from tagging.curation import edits
from tagging.models import Tag

pytestmark = pytest.mark.django_db
TODAY = f"{timezone.now():%Y-%m-%d}"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def page(client, author):
    """Ask for the page as the author."""
    client.force_login(author)

    def ask(query="", **expected):
        response = client.get(reverse("pages:stack") + query)
        assert response.status_code == expected.get("status", 200)
        return response.content.decode()

    return ask


def names(html):
    """Return the technologies of the table."""
    table = html.partition('class="stack-table"')[2].partition("</table>")[0]
    return re.findall(r'<th scope="row"><a [^>]*><bdi>(.*?)</bdi>', table)


def test_the_stack_is_of_the_one_who_is_logged_in(on, page, make_tagged, django_user_model):
    on(TODAY, "Django", "Redis")
    make_tagged("Rust", author=django_user_model.objects.create(username="bob"))

    assert names(page()) == ["Django", "Redis"]


def test_without_a_login_one_is_sent_there_and_back(client):
    response = client.get(reverse("pages:stack") + "?range=30")

    assert response.status_code == 302
    assert response["Location"] == f"{reverse('pages:login')}?next=/stack/%3Frange%3D30"


def test_while_the_pages_are_open_the_stack_is_of_all_and_says_so(on, client, settings):
    settings.API_OPEN = True
    on(TODAY, "Django")

    html = client.get(reverse("pages:stack")).content.decode()

    assert names(html) == ["Django"]
    assert "Nobody is logged in" in html


def test_a_technology_leads_to_its_dev_logs(on, page):
    on(TODAY, "Яндекс")

    assert f'href="{reverse("pages:home")}?tag={quote(Tag.objects.get().slug)}"' in page()


@pytest.mark.parametrize(
    "query, expected",
    [
        ("?range=30", ["Django"]),
        ("?range=all", ["Celery", "Django"]),
        ("?since=2020-01-01&until=2020-12-31", ["Celery"]),
        ("?range=30&since=2020-01-01&until=2020-12-31", ["Celery"]),
        ("?until=2021-01-01", ["Celery"]),
        ("?since=2021-01-01", ["Django"]),
        ("?since=2020-01-01&until=2999-12-31", ["Celery", "Django"]),
        ("?kind=framework", ["Django"]),
        ("?kind=database", []),
        ("?range=all&kind=framework", ["Django"]),
    ],
)
def test_the_time_and_the_kind_can_be_chosen(on, page, query, expected):
    on("2020-05-01", "Celery")
    on(TODAY, "Django")

    assert names(page(query)) == expected


def test_those_of_no_kind_can_be_chosen_too(on, page):
    on(TODAY, "Django", "Frobnicatrix")

    assert names(page("?kind=other")) == ["Frobnicatrix"]


@pytest.mark.parametrize(
    "query, message",
    [
        ("?range=forever", "There is no such time"),
        ("?kind=spell", "There is no such kind"),
        ("?since=yesterday", "Write the day as 2026-03-01."),
        ("?since=2026-02-30", "Write the day as 2026-03-01."),
        ("?since=2999-01-01", "This day is still to come."),
        ("?since=2026-03-01&until=2026-02-01", "The last day is before the first one."),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_place(on, page, query, message):
    on(TODAY, "Django")

    html = page(query, status=400)

    assert message in html
    assert names(html) == []


@pytest.mark.parametrize("query", ["?since=0001-01-01", "?until=0001-01-01", "?until=9999-12-31", "?since=\x00"])
def test_the_ends_of_time_are_days_as_all_others(on, author, client, query):
    on(TODAY, "Django")
    client.force_login(author)

    assert client.get(reverse("pages:stack") + query).status_code in (200, 400)


def test_without_a_dev_log_the_page_says_what_to_do(page):
    assert "Write your first dev-log" in page("?range=all")
    assert "Show all time" in page("?range=30")


def test_what_waits_and_what_failed_is_counted_honestly(untagged, page):
    untagged(TODAY, "pending")
    untagged(TODAY, "failed")

    html = page()

    assert "1 still waits for its tags." in html
    assert "1 could not be tagged." in html
    assert "Tags are still being looked for." in html


def test_a_technology_says_who_found_it_be_it_several(on, page, author):
    first, second = on(TODAY, "Django"), on(TODAY, "Rust")
    edits.add(first, "Rust", author)
    edits.add(second, "Redis", author)

    html = page()

    cells = re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>.*?stack-finders">(.*?)</td>', html, re.DOTALL)
    finders = {name: re.findall("<bdi>(.*?)</bdi>", cell) for name, cell in cells}
    assert finders == {"Rust": ["model-1", "a person"], "Django": ["model-1"], "Redis": ["a person"]}


def test_a_name_of_markup_is_text(author, make_devlog, page):
    edits.add(make_devlog(author=author), HOSTILE, author)

    html = page()

    assert HOSTILE not in html
    assert names(html) == ["&lt;script&gt;alert(1)&lt;/script&gt;"]


def test_what_a_page_runs_and_how_it_looks_comes_from_files(on, page):
    on(TODAY, "Django")

    html = page()

    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", html)


def test_the_lines_go_by_week_and_over_a_long_time_by_month(on, page):
    on("2020-05-01", "Django")
    on(TODAY, "Django")

    assert "Week from" in page("?range=90")
    assert "May 2020" in page("?range=all")


def test_the_calendar_has_the_days_of_a_year_whatever_time_is_chosen(on, page):
    on(TODAY, "Django")

    assert 'class="chart-fill"' in page("?until=2020-01-01").partition('id="stack-calendar"')[2]


def test_in_german_numbers_are_written_as_germans_do(on, page, client):
    for _ in range(3):
        on(TODAY, "Django")
    on(TODAY, "Redis")
    client.cookies["django_language"] = "de"

    assert re.search(r"75,0\s%", page())


@pytest.mark.parametrize("query", ["", "?range=all", "?kind=framework"])
def test_the_number_of_queries_is_constant(on, page, django_assert_max_num_queries, query):
    for name in ("Django", "Redis", "Rust", "Celery", "Python", "Docker", "Kubernetes"):
        on(TODAY, name)

    with django_assert_max_num_queries(12):
        page(query)


def test_no_day_to_come_is_counted(on, page):
    on(TODAY, "Django")

    html = page("?since=2020-01-01&until=2999-12-31")

    assert "Dec. 31, 2999" not in html
    assert len(html) < 100_000

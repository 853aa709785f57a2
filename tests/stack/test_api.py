"""The stack at the API, and the command that prints the same."""

import pytest
from django.core.management import CommandError, call_command

from devlogs.models import DevLog

pytestmark = pytest.mark.django_db
STACK = "/api/v1/techstack/"


def names(response):
    return [each["name"] for each in response.json()["technologies"]]


@pytest.fixture
def strangers(make_tagged, django_user_model):
    """Return another author, who has a dev-log."""
    other = django_user_model.objects.create(username="other")
    make_tagged("Rust", author=other)
    return other


def test_an_author_sees_the_technologies_of_their_own_dev_logs(make_tagged, author, strangers, as_author):
    make_tagged("Django", "Redis", author=author)

    response = as_author.get(STACK)

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert names(response) == ["Django", "Redis"]


def test_staff_see_all_and_those_of_one_author(make_tagged, author, strangers, as_author):
    make_tagged("Django", author=author)
    author.is_staff = True
    author.save()

    assert names(as_author.get(STACK)) == ["Django", "Rust"]
    assert names(as_author.get(f"{STACK}?author=other")) == ["Rust"]


def test_without_a_token_there_is_no_stack(api, settings):
    settings.API_OPEN = False

    assert api.get(STACK).status_code == 401


@pytest.mark.parametrize(
    "query, wrong",
    [
        ("range=last_week", "range"),
        ("range=last_year&since=2026-01-01", "range"),
        ("since=2026-02-01&until=2026-01-01", "since"),
        ("since=2026-02-30", "since"),
        ("until=tomorrow", "until"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=many", "limit"),
        ("format=xml", "format"),
        ("format=prompt&group_by=week", "group_by"),
        ("format=jsonresume&group_by=week", "group_by"),
        ("format=prompt&evidence=1", "evidence"),
        ("evidence=yes", "evidence"),
        ("max_tokens=200", "max_tokens"),
        ("format=prompt&max_tokens=99", "max_tokens"),
        ("kind=database", "kind"),
        ("limit=1&limit=2", "limit"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(api, query, wrong):
    response = api.get(f"{STACK}?{query}")

    assert (response.status_code, list(response.json()["errors"])) == (400, [wrong])


@pytest.mark.parametrize(
    "written, content_type, beginning",
    [
        ("json", "application/json", '{"since":'),
        ("jsonresume", "application/json", '{"skills":[{"name":"Framework","keywords":["Django"]}]}'),
        ("markdown", "text/markdown; charset=utf-8", "## Tech stack"),
        ("prompt", "text/plain; charset=utf-8", "Tech stack, "),
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "text/markdown", "text/plain"])
def test_each_format_has_its_content_type(api, make_tagged, written, content_type, beginning, accept):
    make_tagged("Django")

    response = api.get(f"{STACK}?format={written}", headers={"accept": accept})

    assert (response.status_code, response["Content-Type"]) == (200, content_type)
    assert response.content.decode().startswith(beginning)


def test_who_has_it_already_is_told_that_nothing_changed(api, make_tagged):
    make_tagged("Django")
    first = api.get(STACK)

    assert api.get(STACK, headers={"If-None-Match": first["ETag"]}).status_code == 304
    make_tagged("Django")
    assert api.get(STACK, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_a_quote_comes_if_it_is_asked_for(api, make_tagged):
    devlog = make_tagged("Django")

    assert api.get(STACK).json()["technologies"][0]["evidence"] is None
    assert api.get(f"{STACK}?evidence=1").json()["technologies"][0]["evidence"]["devlog"] == devlog.pk


@pytest.mark.parametrize(
    "query, options",
    [
        ("", []),
        ("?format=markdown&evidence=1", ["--format=markdown", "--evidence"]),
        ("?format=prompt&max_tokens=150", ["--format=prompt", "--max-tokens=150"]),
        ("?format=jsonresume&limit=1", ["--format=jsonresume", "--limit=1"]),
        ("?since=2026-01-31&group_by=week", ["--since=2026-01-31", "--group-by=week"]),
        ("?range=all_time&group_by=kind", ["--range=all_time", "--group-by=kind"]),
    ],
)
def test_the_command_prints_what_the_author_is_answered(
    make_tagged, author, strangers, as_author, query, options, capsys
):
    make_tagged("Django", "Straße", author=author)
    DevLog.objects.update(is_private=True)

    call_command("techstack", "--author=anna", *options)

    assert capsys.readouterr().out.encode() == as_author.get(STACK + query).content


@pytest.mark.parametrize(
    "options, said",
    [
        (["--author=nobody"], "There is no user 'nobody'."),
        (["--since=2026-01-31", "--range=all_time"], "either a range, or the days"),
        (["--max-tokens=150"], "measured in tokens"),
        (["--since=yesterday"], "is no day"),
    ],
)
def test_the_command_says_what_is_wrong(options, said):
    with pytest.raises(CommandError, match=said):
        call_command("techstack", *options)

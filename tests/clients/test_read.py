"""Reading: what was written today and this week, a search, the stack and the tags, for people and for programs."""

import json
from datetime import date, timedelta

import pytest

MONDAY = date.today() - timedelta(date.today().weekday())


@pytest.fixture
def written(computer):
    """Have three entries: of today, of this week's Monday, and of the day before that."""
    for day, text in ((None, "Wrote Flask."), (MONDAY, "Read about Rust."), (MONDAY - timedelta(1), "Tuned Redis.")):
        done = computer.devlog(*(["--date", day.isoformat()] if day else []), text)
        assert done.code == 0, done.err
    return computer


def test_today_shows_the_day_s_entries_with_their_tags(written):
    done = written.devlog("today")

    lines = done.out.splitlines()
    assert lines[0] == f"{date.today():%A}, {date.today().day} {date.today():%B}"
    assert [line.split()[1:] for line in lines[1:] if "Wrote" in line] == [["Wrote", "Flask."]]
    assert "       Flask" in lines
    assert "Redis" not in done.out


def test_the_week_begins_on_monday_and_the_newest_entry_stands_at_the_end(written):
    shown = written.devlog("week").out

    assert f"{MONDAY:%A}, {MONDAY.day} {MONDAY:%B}" in shown
    assert 0 < shown.index("Read about Rust.") < shown.index("Wrote Flask.")
    assert "Redis" not in shown


def test_a_day_on_which_nothing_was_written_is_said_beside_the_results(computer):
    done = computer.devlog("today")

    assert (done.code, done.out, done.err) == (0, "", "Nothing was written today.\n")


def test_a_search_finds_the_entries_that_have_all_the_words(written):
    assert "Tuned Redis." in written.devlog("search", "redis", "tuned").out
    assert written.devlog("search", "redis", "flask").err == "No entry has all these words.\n"


def test_members_of_the_staff_are_shown_their_own_entries(service, computer, written, tmp_path):
    staff = service.computer(tmp_path / "staff")
    script = f"User.objects.filter(username='{staff.user}').update(is_staff=True)"
    assert service.site.manage("shell", "-v", "0", "-c", f"from django.contrib.auth.models import User; {script}")
    staff.devlog("Wrote Django in Go.")

    assert [line[7:] for line in staff.devlog("today").out.splitlines()[1:]] == ["Wrote Django in Go.", "Django · Go"]
    assert "Rust" not in staff.devlog("week").out
    assert "No entry" in staff.devlog("search", "redis").err
    assert ": 1 dev-log\n" in staff.devlog("stack").out


def test_a_private_entry_is_marked_as_one(computer):
    computer.devlog("--private", "Wrote Flask.")

    assert "       private · Flask\n" in computer.devlog("today").out


def test_the_stack_is_a_table_for_people(written):
    lines = written.devlog("stack").out.splitlines()

    assert lines[0].endswith(": 3 dev-logs")
    assert sorted(line.split()[0] for line in lines[1:]) == ["Flask", "Redis", "Rust"]
    assert all("█" in line and "33 %" in line for line in lines[1:])


def test_the_stack_comes_in_the_api_s_formats(written):
    assert written.devlog("stack", "--format", "prompt").out.startswith("Tech stack, ")
    assert "Flask" in written.devlog("stack", "--format", "markdown").out
    assert json.loads(written.devlog("stack", "--format", "json").out)["devlogs"] == 3
    assert json.loads(written.devlog("stack", "--format", "jsonresume").out)["skills"]


def test_tags_are_listed_with_how_often_they_were_used(written):
    assert [line.split() for line in written.devlog("tags").out.splitlines()] == [
        ["1", "Flask", "framework"],
        ["1", "Redis", "database"],
        ["1", "Rust", "language"],
    ]


def test_all_of_a_day_is_shown_however_much_it_is(service, computer):
    devlogs = [{"entry": f"No. {number}."} for number in range(201)]
    bearer = {"Authorization": f"Bearer {service.tokens[computer.user]}"}
    assert service.server.request("POST", "/api/v1/devlogs/bulk/", {"devlogs": devlogs}, **bearer).status == 201

    shown = json.loads(computer.devlog("today", "--json").out)["results"]

    assert len({one["entry"] for one in shown}) == 201


def test_a_text_does_nothing_to_a_terminal_but_stand_there(computer):
    computer.devlog("-", typed="Wrote \x1b]0;owned\x07 Flask.\x9b2J")

    shown = computer.devlog("today").out
    assert "Wrote \ufffd]0;owned\ufffd Flask.\ufffd2J" in shown
    as_json = computer.devlog("today", "--json").out
    assert "\x9b" not in as_json
    assert json.loads(as_json)["results"][0]["entry"] == "Wrote \x1b]0;owned\x07 Flask.\x9b2J"


def test_who_reads_offline_waits_for_the_service_once(computer):
    computer.devlog("Wrote Flask.", **computer.through("http://127.0.0.1:1"))

    done = computer.devlog("today", **computer.through("http://127.0.0.1:1"))

    assert done.code == 75
    assert done.err.count("cannot be reached") == 1
    assert "1 entry waits" in done.err

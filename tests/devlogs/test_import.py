"""Dev-logs from files: they come back as they were exported, once, and what is wrong is told by its line."""

import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing, suppress
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.core.management import CommandError, call_command

from devlogs.imports import importing
from devlogs.models import DevLog
from tagging.curation import edits, vocabulary
from tagging.models import DevLogTag, Job, Removal, Tag
from tests.support.servers import MANAGE, ROOT
from tests.support.site import Site
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db
HOSTILE = [
    "Wrote a Django app.",
    "Two\nlines, and\r\nmore\r",
    "She said \"=1+1\", or 'that'; semicolons; and, commas",
    '=HYPERLINK("http://example.com")',
    "'=1",
    "-1",
    "\t@cmd",
    "Käse 🧀 \u2028 \u0085 日本語",
    " spaces around ",
    '{"entry": "no"}',
    20_000 * "x",
    "",
]
HOSTILE.remove("")


@pytest.fixture
def anna(django_user_model):
    return django_user_model.objects.create(username="anna")


@pytest.fixture
def ben(django_user_model):
    return django_user_model.objects.create(username="ben")


@pytest.fixture
def file(tmp_path):
    def write(content, name="devlogs"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def read(source, author=None):
    """Import it; return what is said, and of what is wrong."""
    out, errors = StringIO(), StringIO()
    options = {"author": author} if author else {}
    code = 0
    try:
        call_command("import_devlogs", str(source), stdout=out, stderr=errors, **options)
    except CommandError as error:
        code = error.returncode
        errors.write(f"{error}\n")
    return code, out.getvalue().splitlines(), errors.getvalue().splitlines()


def export(api, name):
    return api.get(f"/api/v1/devlogs/export/?format={name}").getvalue()


def kept(author):
    """Return all of an author's dev-logs that is to come back."""
    return [
        (
            devlog.entry,
            devlog.created_at,
            devlog.is_private,
            sorted(tagging.tag.name for tagging in devlog.taggings.filter(attempt=None)),
            sorted(removal.tag.name for removal in devlog.removals.all()),
        )
        for devlog in DevLog.objects.filter(author=author).order_by("created_at")
    ]


# -- There and back --------------------------------------------------------------------------------------------------


@pytest.fixture
def written(api, anna, make_tagged):
    """Have entries of all kinds written, and say of some of them what their tags are."""
    api.force_authenticate(anna)
    devlogs = [
        {"entry": entry, "created_at": f"2020-01-{day:02}T09:30:00.123Z"} for day, entry in enumerate(HOSTILE, 1)
    ]
    assert api.post("/api/v1/devlogs/bulk/", {"devlogs": devlogs}).status_code == 201
    DevLog.objects.filter(entry="-1").update(is_private=True, external_id="=note")
    tagged = make_tagged("Django", "Redis", author=anna)
    edits.add(tagged, "C++", anna)
    edits.add(tagged, "PL/SQL", anna)
    edits.remove(tagged, "Redis", anna)
    return kept(anna)


@pytest.mark.parametrize("name", ["ndjson", "csv"])
def test_what_was_exported_comes_back_under_another_author(api, anna, ben, file, written, name):
    code, said, wrong = read(file(export(api, name)), "ben")

    assert (code, said, wrong) == (0, ["Imported 12 dev-logs; 0 were there already."], [])
    assert kept(ben) == written
    assert set(Job.objects.filter(author_id=ben.pk).values_list("state", "priority")) == {
        ("pending", Job.Priority.BULK)
    }


@pytest.mark.parametrize("name", ["ndjson", "csv"])
def test_what_was_exported_comes_back_into_an_empty_database(api, anna, file, written, name):
    path = file(export(api, name))
    for model in (DevLogTag, Removal, Tag, DevLog):
        model.objects.all().delete()

    assert read(path)[0] == 0
    assert kept(anna) == written


def test_what_is_in_the_very_database_is_left_as_it_is(api, anna, file, written):
    _, said, wrong = read(file(export(api, "csv")))

    assert (said, wrong) == (["Imported 0 dev-logs; 12 were there already."], [])
    assert kept(anna) == written


def test_a_second_run_makes_nothing_double(api, ben, file, written):
    path = file(export(api, "ndjson"))
    read(path, "ben")
    DevLogTag.objects.filter(devlog__author=ben).delete()

    assert read(path, "ben")[1] == ["Imported 0 dev-logs; 12 were there already."]
    assert not DevLogTag.objects.filter(devlog__author=ben).exists()


def test_equal_entries_of_one_moment_stay_as_many_as_they_were(api, anna, ben, file):
    moment = {"entry": "Lint.", "created_at": "2020-01-01T00:00:00Z"}
    api.force_authenticate(anna)
    api.post("/api/v1/devlogs/bulk/", {"devlogs": [moment, moment]})

    read(file(export(api, "ndjson")), "ben")

    assert DevLog.objects.filter(author=ben).count() == 2


def test_a_tag_that_a_person_set_is_found_no_more_once_and_one_taken_off_stays_away(api, ben, file, run_jobs, written):
    read(file(export(api, "ndjson")), "ben")
    run_jobs()

    devlog = DevLog.objects.get(author=ben, entry="Wrote Django and Redis")
    found = {tagging.tag.name: tagging.source for tagging in devlog.taggings.select_related("tag", "attempt")}
    assert found == {"C++": "person", "PL/SQL": "person", "Django": "embedded"}


# -- What is wrong ---------------------------------------------------------------------------------------------------


def test_bad_lines_are_told_by_number_and_the_others_are_imported(anna, file):
    path = file(
        b'{"entry": "Good."}\n\nno json\n{"entry": " "}\n[1]\n{"entry": "a\\u0000b"}\n\xff\n'
        b'{"entry": "x", "created_at": "2999-01-01T00:00:00Z"}\n{"entry": "x", "person_tags": ["\xe2\x80\xae"]}\n'
        b'{"entry": "x", "mood": 1}\n{"entry": "Good, too."}\n'
    )

    code, said, wrong = read(path, "anna")

    assert (code, said) == (1, ["Imported 2 dev-logs; 0 were there already."])
    assert [message.partition(":")[0] for message in wrong[:-1]] == [
        f"line {number}" for number in (3, 4, 5, 6, 7, 8, 9, 10)
    ]
    assert wrong[1:3] == ["line 4: entry: This field may not be blank.", "line 5: This is no JSON object."]
    assert wrong[3] == "line 6: entry: Null characters are not allowed."
    assert wrong[-1] == "8 could not be imported, or not as a whole: see above."


def test_bad_lines_of_a_table_are_told_by_the_line_they_begin_in(anna, file):
    path = file(b'entry,private\r\n"two\nlines",true\r\none,two,three\r\n\xff,\r\n\r\nmaybe,maybe\r\n,true\r\n')

    code, _, wrong = read(path, "anna")

    assert code == 1
    assert wrong[:-1] == [
        "line 4: It has 3 cells; the first line names 2.",
        "line 5: entry: Surrogate characters are not allowed: U+DCFF.",
        "line 7: private: This must be true or false (a JSON boolean).",
        "line 8: entry: This field may not be blank.",
    ]
    assert list(DevLog.objects.values_list("entry", "is_private")) == [("two\nlines", True)]


def test_a_table_of_a_spreadsheet_with_a_mark_and_semicolons_is_read(anna, file):
    read(file("\ufeffcreated_at;entry\r\n2020-01-31 09:30;Käse\r\n"), "anna")

    assert [(f"{devlog.created_at:%d.%m.%Y %H:%M}", devlog.entry) for devlog in DevLog.objects.all()] == [
        ("31.01.2020 09:30", "Käse")
    ]


@pytest.mark.parametrize(
    "content, way_out",
    [
        ('[{"entry": "x"}]', "Write NDJSON"),
        ("a,b\r\n1,2\r\n", "The first line of a table names the columns"),
        ("", "The first line of a table names the columns"),
        ("entry,entry\r\n", "each once"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_a_way_out(anna, file, content, way_out):
    code, _, wrong = read(file(content), "anna")

    assert (code, way_out in wrong[0]) == (1, True)


def test_a_file_that_is_not_there_and_a_user_that_is_not_there_are_said(anna, tmp_path, file):
    assert "No such file" in read(tmp_path / "nothing")[2][0]
    assert read(file("{}"), "zoe")[2] == [
        "There is no user 'zoe'. Create it in the admin, or with manage.py createsuperuser."
    ]


def test_whose_a_line_is_must_be_known(settings, anna, file):
    settings.API_OPEN = False
    path = file('{"entry": "x", "author": "zoe"}\n{"entry": "x"}\n{"entry": "y", "author": "anna"}\n')

    _, _, wrong = read(path)

    assert wrong[:2] == [
        "line 1: There is no user 'zoe'. Create it in the admin, or add --author NAME.",
        "line 2: It names no author; give --author NAME.",
    ]
    assert DevLog.objects.get().author == anna


@pytest.mark.parametrize(
    "content", ['{"entry": "x"}', '{"entry": "x", "author": ""}', "entry\r\nx\r\n", "author,entry\r\n,x\r\n"]
)
def test_what_names_no_author_is_not_nobodys(db, file, content):
    code, _, wrong = read(file(content))

    assert (code, "author" in wrong[0], DevLog.objects.count()) == (1, True, 0)


def test_a_row_that_says_it_has_no_author_is_imported_so(db, file):
    assert read(file('{"entry": "x", "author": null}'))[0] == 0
    assert DevLog.objects.get().author is None


def test_a_row_without_an_author_stays_out_where_all_have_one(db, settings, file):
    settings.API_OPEN = False

    assert read(file('{"entry": "x", "author": null}'))[2][0] == "line 1: It names no author; give --author NAME."


def test_another_entry_under_an_external_id_is_told_and_changes_nothing(anna, file):
    path = file('{"entry": "First.", "external_id": "1"}\n{"entry": "Second.", "external_id": "1"}\n')

    code, said, wrong = read(path, "anna")

    assert (code, said) == (1, ["Imported 1 dev-logs; 0 were there already."])
    assert wrong[0].startswith(f"line 2: external_id 1: Dev-log {DevLog.objects.get().pk} has this external id")


def test_a_name_that_is_blocked_here_is_told_and_the_entry_is_imported(anna, file):
    vocabulary.block([Tag.objects.create(name="Cobol", slug="cobol").pk])

    code, _, wrong = read(file('{"entry": "x", "person_tags": ["Cobol"], "removed_tags": ["Cobol"]}'), "anna")

    assert (code, wrong[0]) == (1, "line 1: imported without tags: Cobol: This name is blocked.")
    assert DevLog.objects.count() == 1


# -- Markdown --------------------------------------------------------------------------------------------------------


def test_a_folder_of_dated_files_is_read_one_entry_each(anna, tmp_path, file):
    file("Wrote a Django app.\n", "diary/2026-11-28.md")
    file("\ufeff\n# Redis\r\n\r\nCached.\n", "diary/2026-11-27-redis.md")
    file(
        "---\ndate: 2020-01-31T09:30:00+01:00\nprivate: true\nmood: [x]\nperson_tags: [Django]\n---\n\nSecret.\n",
        "diary/note.md",
    )
    file("x", "diary/.trash.md")

    assert read(tmp_path / "diary", "anna")[0] == 0

    assert [
        (f"{one.created_at:%Y-%m-%d %H:%M}", one.entry, one.is_private, one.external_id)
        for one in DevLog.objects.order_by("pk")
    ] == [
        ("2026-11-27 00:00", "# Redis\r\n\r\nCached.", False, "2026-11-27-redis.md"),
        ("2026-11-28 00:00", "Wrote a Django app.", False, "2026-11-28.md"),
        ("2020-01-31 08:30", "Secret.", True, "note.md"),
    ]
    assert DevLogTag.objects.get().tag.name == "Django"


def test_a_folder_may_be_read_again_and_a_file_that_says_something_else_is_told(anna, tmp_path, file):
    path = file("First.", "diary/2026-11-27.md")
    read(tmp_path / "diary", "anna")
    assert read(tmp_path / "diary", "anna")[1] == ["Imported 0 dev-logs; 1 were there already."]

    path.write_text("Second.")

    assert "2026-11-27.md: external_id 2026-11-27.md: Dev-log" in read(tmp_path / "diary", "anna")[2][0]


@pytest.mark.parametrize(
    "name, content, what",
    [
        ("notes.md", "x", "It has no date"),
        ("2026-13-45.md", "x", "month must be in 1..12"),
        ("2026-11-28.md", "---\na: [\n---\nx", "Its front matter cannot be read"),
        ("2026-11-28.md", "---\n- a\n---\nx", "Its front matter cannot be read"),
        ("2026-11-28.md", b"\xff", "This is not UTF-8."),
        ("2026-11-28.md", "---\nprivate: maybe\n---\nx", "private: This must be true or false"),
        ("2026-11-28.md", "\n", "entry: This field may not be blank."),
    ],
)
def test_a_bad_file_is_told_by_its_name_and_the_others_are_imported(anna, tmp_path, file, name, content, what):
    file(content, f"diary/{name}")
    file("Good.", "diary/2026-11-01.md")

    code, _, wrong = read(tmp_path / "diary", "anna")

    assert (code, wrong[0].startswith(f"{name}: "), what in wrong[0]) == (1, True, True)
    assert DevLog.objects.get().entry == "Good."


# -- Interrupted -----------------------------------------------------------------------------------------------------


def test_it_reads_what_comes_over_standard_input(anna, monkeypatch):
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b'{"entry": "Wrote a Django app."}')))

    assert read("-", "anna")[1] == ["Imported 1 dev-logs; 0 were there already."]


def test_ctrl_c_says_how_far_it_is_and_a_second_run_does_the_rest(anna, file, monkeypatch):
    path = file("".join(f'{{"entry": "No. {number}."}}\n' for number in range(250)))
    take = importing.Import.take

    def take_until_interrupted(work, portion):
        if work.created:
            raise KeyboardInterrupt
        return take(work, portion)

    with monkeypatch.context() as patched:
        patched.setattr(importing.Import, "take", take_until_interrupted)
        code, _, wrong = read(path, "anna")

    assert (code, wrong) == (130, ["Interrupted: 100 of 250 dev-logs are done; repeat the command for the others."])
    assert read(path, "anna")[1] == ["Imported 150 dev-logs; 100 were there already."]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows kills otherwise")
def test_a_killed_import_is_taken_up_without_doubles(tmp_path):
    count = 2_000
    path = tmp_path / "devlogs.ndjson"
    rows = ({"entry": f"No. {number}.", "person_tags": ["Django"], "author": None} for number in range(count))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    with Site(tmp_path / "site", TAGGING_WORKER="off") as site:
        site.migrate()
        command = [*MANAGE, "import_devlogs", str(path)]
        process = subprocess.Popen(command, cwd=ROOT, env=site.environment(), stdout=subprocess.DEVNULL)
        with process:
            eventually(lambda: stored(site) > 0, "the first portion")
            os.kill(process.pid, signal.SIGKILL)
        before = stored(site)

        done = site.manage("import_devlogs", str(path))

        assert (done.returncode, 0 < before < count, before % importing.PORTION) == (0, True, 0)
        assert f"Imported {count - before} dev-logs; {before} were there already." in done.stdout
        assert site.query("SELECT COUNT(*), COUNT(DISTINCT entry) FROM devlogs_devlog") == [(count, count)]
        assert site.query("SELECT COUNT(*) FROM tagging_devlogtag") == [(count,)]


def stored(site):
    with suppress(sqlite3.Error), closing(sqlite3.connect(site.database)) as connection:
        return connection.execute("SELECT COUNT(*) FROM devlogs_devlog").fetchone()[0]
    return 0

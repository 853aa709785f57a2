"""Nothing tells of a person who is forgotten, whichever way it was asked for; and nothing of others goes with it."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from devlog_project.api.models import IdempotencyKey, TokenDetails
from devlog_project.api.models.tokens import make_token
from devlogs import entries
from devlogs.models import AuthorSettings, DevLog
from tagging.curation import edits, vocabulary
from tagging.models import Attempt, AuthorSpending, Batch, DevLogTag, Job, Removal, Spending, Tag, tag_use
from tagging.models.author_spending import today
from tests.support.browsers import PASSWORD, browser, log_in
from tests.support.jobs import answer, claim, portions_of
from tests.support.site import Site
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db
# What stands nowhere but with her: her name, a word of her entry, a name that she alone wrote, her token's.
TELLING = ["zebulonia", "quetzal", "Frobnicator", "moonlit-laptop"]


@pytest.fixture
def zebulonia():
    return User.objects.create_user("zebulonia", password=PASSWORD, email="zebulonia@example.org")


@pytest.fixture
def grace():
    return User.objects.create_user("grace", is_staff=True)


@pytest.fixture
def left_traces(zebulonia, grace, make_tagged, make_devlog):
    """Have her leave something in each table there is, beside what others wrote."""
    kept = make_tagged("Django", author=grace)
    edits.add(kept, "Redis", zebulonia)
    edits.remove(kept, "Django", zebulonia)
    make_tagged("Frobnicator", "Django", "quetzal", author=zebulonia)
    token, _ = make_token(zebulonia, "moonlit-laptop", None)
    AuthorSettings.objects.create(user=zebulonia, private_by_default=True)
    IdempotencyKey.objects.create(user=zebulonia, key="quetzal", fingerprint="f", status=201, body="quetzal")
    AuthorSpending.objects.create(author_id=zebulonia.pk, day="2026-01-01", tokens=7)
    for person, about, name in [(grace, zebulonia, "zebulonia"), (grace, token, "moonlit-laptop")]:
        note(person, about, name, "Changed name to zebulonia.")
    note(grace, token.token, "c0ffee : zebulonia", "")
    note(zebulonia, kept, "dev-log 1", "quetzal")
    return kept


def note(person, about, name, said):
    LogEntry.objects.create(
        user=person,
        content_type=ContentType.objects.get_for_model(about),
        object_id=about.pk,
        object_repr=name,
        change_message=said,
        action_flag=CHANGE,
    )


def stored():
    """Return all that stands in the database, as text, by table."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names() if not name.startswith("devlogs_search")]
        found = {}
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = str(cursor.fetchall())
        return found


def telling(words=TELLING):
    return {(table, word) for table, text in stored().items() for word in words if word in text}


def by_command(person):
    call_command("forget", person.username, "--yes")


def in_the_admin(person):
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    client.post(f"/admin/auth/user/{person.pk}/delete/", {"post": "yes"})


def on_the_page(person):
    client = browser()
    assert log_in(client, person.username).status_code == 302
    client.post("/account/delete/", {"is_sure": "on", "password": PASSWORD})


@pytest.mark.parametrize("way", [by_command, in_the_admin])
def test_nothing_tells_of_who_is_forgotten(way, left_traces, zebulonia):
    client = browser()
    log_in(client, "zebulonia")
    assert {word for _, word in telling()} == set(TELLING)
    number = zebulonia.pk

    way(zebulonia)

    assert telling() == set()
    assert not AuthorSpending.objects.filter(author_id=number).exists()
    assert all(session.get_decoded().get("_auth_user_id") != str(number) for session in Session.objects.all())


def test_on_the_page_all_goes_but_the_account_and_its_share_of_today(left_traces, zebulonia):
    on_the_page(zebulonia)

    assert {table for table, _ in telling(["quetzal", "Frobnicator"])} == {"django_admin_log"}  # of her own act
    assert (TokenDetails.objects.exists(), AuthorSettings.objects.exists()) == (False, False)
    assert User.objects.get(username="zebulonia").is_active
    assert [spent.day for spent in AuthorSpending.objects.filter(author_id=zebulonia.pk)] == [today()]


@pytest.mark.parametrize("way", [by_command, in_the_admin, on_the_page])
def test_what_is_anothers_stays_with_what_was_decided_of_it(way, left_traces, zebulonia):
    way(zebulonia)

    assert list(DevLog.objects.all()) == [left_traces]
    assert (Job.objects.count(), Attempt.objects.count()) == (1, 1)
    assert [each.tag.name for each in DevLogTag.objects.all()] == ["Redis"]
    assert [each.tag.name for each in Removal.objects.all()] == ["Django"]


def test_what_she_changed_is_told_without_saying_who(left_traces, zebulonia):
    number = zebulonia.pk

    by_command(zebulonia)

    assert (DevLogTag.objects.get().person, Removal.objects.get().person) == (None, None)
    told = set(LogEntry.objects.values_list("object_repr", "change_message"))
    assert told == {(f"user {number}", ""), (f"token of user {number}", "")}


def test_what_the_admin_says_of_others_stays(left_traces, zebulonia, grace):
    note(grace, grace, "grace", "Changed name.")

    by_command(zebulonia)

    assert LogEntry.objects.filter(object_repr="grace", change_message="Changed name.").exists()


def test_names_that_stood_in_her_entries_alone_go_unless_somebody_decided_of_them(make_tagged, zebulonia, grace):
    make_tagged("Django", author=grace)
    make_tagged("Django", "Frobnicator", "Quuxer", author=zebulonia)
    vocabulary.block([Tag.objects.get(name="Quuxer").pk])

    by_command(zebulonia)

    assert set(Tag.objects.values_list("name", flat=True)) == {"Django", "Quuxer"}


@pytest.mark.parametrize("way", [by_command, in_the_admin, on_the_page])
def test_a_call_that_is_still_out_writes_nothing(way, make_devlog, zebulonia):
    make_devlog("Wrote Django.", author=zebulonia)
    (job,) = claim()

    way(zebulonia)

    assert Job.objects.complete([answer(job, "Django")]) == set()
    assert not any(model.objects.exists() for model in (DevLog, Job, Attempt, DevLogTag, Tag))


def test_what_a_day_cost_stays(left_traces, zebulonia):
    Spending.objects.create(day="2026-01-01", tokens=7)

    by_command(zebulonia)

    assert Spending.objects.get(day="2026-01-01").tokens == 7


def test_how_often_other_names_are_used_is_counted_anew(make_tagged, zebulonia):
    make_tagged("Django", author=zebulonia)
    Batch.objects.begin(tag_use.PAGE, "Uses of tags counted", 1, None)

    by_command(zebulonia)

    assert not Batch.objects.filter(page=tag_use.PAGE).exists()


# -- as a command ----------------------------------------------------------------------------------------------------


def test_a_dry_run_counts_and_deletes_nothing(left_traces, zebulonia, capsys):
    before = stored()

    call_command("forget", "zebulonia", "--dry-run")

    assert stored() == before
    said = capsys.readouterr().out
    assert "dev-logs, with their tags     1\n" in said
    assert "tokens                        1\n" in said


def test_who_writes_the_name_says_yes(make_devlog, zebulonia, monkeypatch):
    make_devlog(author=zebulonia)
    monkeypatch.setattr("builtins.input", lambda question: "zebulonia")

    call_command("forget", "zebulonia")

    assert (User.objects.exists(), DevLog.objects.exists()) == (False, False)


@pytest.mark.parametrize("said", ["y", ""])
def test_nothing_less_is_a_yes(make_devlog, zebulonia, monkeypatch, said):
    make_devlog(author=zebulonia)
    monkeypatch.setattr("builtins.input", lambda question: said)

    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("forget", "zebulonia")

    assert (User.objects.get().is_active, DevLog.objects.exists()) == (True, True)


def test_an_unknown_name_is_told():
    with pytest.raises(CommandError, match="There is no user 'nobody'"):
        call_command("forget", "nobody")


def test_one_that_is_interrupted_keeps_her_out_and_is_repeated_for_the_rest(make_devlog, zebulonia, monkeypatch):
    for _ in range(5):
        make_devlog(author=zebulonia)
    portions_of(2, monkeypatch)
    remove, done = entries.remove, []

    def interrupted(ids):
        if done:
            raise KeyboardInterrupt
        done.append(ids)
        remove(ids)

    monkeypatch.setattr(entries, "remove", interrupted)
    with pytest.raises(CommandError, match="Interrupted: 2 of 5 dev-logs are deleted; repeat the command"):
        by_command(zebulonia)
    assert not User.objects.get(username="zebulonia").is_active

    monkeypatch.setattr(entries, "remove", remove)
    by_command(zebulonia)
    assert (User.objects.filter(username="zebulonia").exists(), DevLog.objects.exists()) == (False, False)


def test_it_says_what_remains(zebulonia, capsys):
    number = zebulonia.pk

    by_command(zebulonia)

    said = capsys.readouterr().out
    assert f"Forgotten: zebulonia, who was user {number}.\nWhat remains, and why:\n- backups made before" in said


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's files")
def test_no_word_is_left_in_the_files_beside_a_server_that_runs(tmp_path):
    with Site(tmp_path) as site:
        site.migrate()
        site.manage("createsuperuser", "--noinput", "--username", "zebulonia", "--email", "z@example.org",
                    DJANGO_SUPERUSER_PASSWORD=PASSWORD)  # fmt: skip
        token = site.manage("create_token", "zebulonia", "--name", "laptop").stdout.strip()
        server = site.serve("gunicorn").wait_until_it_answers()
        for _ in range(50):
            body = {"entry": "Moved the quetzalcoatlus to Django."}
            server.request("POST", "/api/v1/devlogs/", body, Authorization=f"Bearer {token}")
        server.post("Another's own work with Redis.")
        eventually(lambda: site.states() == ["done"] * 51, "all are tagged")

        done = site.manage("forget", "zebulonia", "--yes")

        files = b"".join(path.read_bytes() for path in tmp_path.glob("db.sqlite3*"))
        assert (done.returncode, "its log (-wal)" in done.stdout) == (0, True), done.stderr
        assert [word for word in (b"quetzalcoatlus", b"etzalcoat", b"zebulonia") if word in files] == []
        assert b"Another's own work" in files
        assert server.get("/api/v1/devlogs/?q=Redis").json["results"][0]["entry"].startswith("Another's")

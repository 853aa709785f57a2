"""`manage.py doctor` tries what the settings lead to, and says what to do."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from devlog_project.ops.doctor import Finding, findings, host, model
from devlog_project.ops.doctor.database import in_the_way, skew, sqlite_file
from tests.support.site import Site
from tests.support.wire import FakeOpenAI

pytestmark = pytest.mark.django_db
SECRETS = ("sk-planted", "pw-planted", "broker-planted")


def examined(*arguments: str) -> tuple[dict[str, list[Finding]], int]:
    """Return what the command finds, by check, and its exit code."""
    out, code = io.StringIO(), 0
    try:
        call_command("doctor", "--json", *arguments, stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    found: dict[str, list[Finding]] = {}
    for one in json.loads(out.getvalue())["checks"]:
        found.setdefault(one["check"], []).append(Finding(**one))
    return found, code


def status(found: dict[str, list[Finding]], check: str) -> list[str]:
    return [one.status for one in found[check]]


class Models:
    """A server that answers each GET with this status and body, and with a clock of its own."""

    def __init__(self, status: int, body: object, ahead: timedelta = timedelta()) -> None:
        models = self
        self.asked: list[tuple[str, str | None]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                models.asked.append((self.path, self.headers["Authorization"]))
                data = json.dumps(body).encode()
                self.send_response_only(status)
                self.send_header("Date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Models:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def asked(settings):
    """Have the model asked."""
    settings.TAGGING_EXTRACTOR, settings.OPENAI_API_KEY = settings.EXTRACTORS["openai"], "sk-planted"
    return settings


# -- the whole -------------------------------------------------------------------------------------------------------


def test_where_all_is_well_each_check_has_a_line_and_the_exit_code_is_0(settings):
    settings.DEBUG = True

    found, code = examined()

    assert code == 0
    expected = {"settings", "database", "queue", "migrations", "broker", "locks", "files", "static", "model"}
    assert expected <= set(found)
    assert [one for each in found.values() for one in each if one.status == "fail"] == []


def test_what_is_not_well_says_what_to_do_and_shows_no_secret(tmp_path):
    pytest.importorskip("celery", reason="needs celery, from requirements/celery.txt")
    broken = {
        "DEBUG": "off",
        "TAGGING_TRANSPORT": "celery",
        "TAGGING_BROKER_URL": "amqp://me:broker-planted@127.0.0.1:9//",
        "DATABASE_URL": f"sqlite:///{tmp_path}/none/db.sqlite3",
        "TAGGING_LOCK_DIR": "/proc/nowhere",
        "TAGGING_EXTRACTOR": "openai",
        "OPENAI_API_KEY": "sk-planted",
        "OPENAI_BASE_URL": "http://me:pw-planted@127.0.0.1:9/v1",
    }
    with Site(tmp_path, **broken) as site:
        ended = site.manage("doctor", "--paid")

    failed = {line.split()[1] for line in ended.stdout.splitlines() if line.startswith("fail")}
    assert (ended.returncode, ended.stderr) == (1, "")
    assert {"database", "migrations", "broker", "locks", "model", "call"} <= failed
    assert [secret for secret in SECRETS if secret in ended.stdout + ended.stderr] == []
    assert ended.stdout.splitlines()[-1].endswith(f"{ended.stdout.count('fail  ')} failed.")


def test_postgresql_that_is_away_is_told_without_its_password(tmp_path):
    with Site(tmp_path, DATABASE_URL="postgres://me:pw-planted@127.0.0.1:9/db") as site:
        ended = site.manage("doctor", "--json")

    found = {one["check"]: one for one in json.loads(ended.stdout)["checks"]}
    assert (ended.returncode, found["database"]["status"]) == (1, "fail")
    assert "see whether it runs" in found["database"]["do"]
    assert "planted" not in ended.stdout + ended.stderr


def test_a_check_that_cannot_be_made_is_a_finding_and_the_others_go_on():
    def broken():
        raise RuntimeError("postgres://me:pw-planted@h/db")

    def sound():
        yield Finding("sound", "ok", "Well.")

    first, second = findings([broken, sound])

    assert (first.status, "RuntimeError" in first.says, "planted" in first.says) == ("fail", True, False)
    assert second.status == "ok"


# -- database --------------------------------------------------------------------------------------------------------


def test_migrations_that_are_missing_are_counted():
    recorder = MigrationRecorder(connection)
    for name in recorder.migration_qs.filter(app="devlogs").values_list("name", flat=True):
        recorder.record_unapplied("devlogs", name)

    (one,) = examined()[0]["migrations"]

    assert (one.status, one.do) == ("fail", "Run manage.py migrate.")
    assert "the first is devlogs.0001" in one.says


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
@pytest.mark.parametrize(("mode", "expected"), [("WAL", "ok"), ("DELETE", "fail")])
def test_sqlite_without_its_log_is_told(settings, monkeypatch, tmp_path, mode, expected):
    path = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(path)) as connected:
        connected.execute(f"PRAGMA journal_mode={mode}")
        connected.execute("CREATE TABLE entries (entry)")
        monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(path))

        assert [one.status for one in sqlite_file() if one.check == "journal"] == [expected]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
def test_a_full_disk_and_a_small_one_are_told(monkeypatch, settings):
    sizes = shutil.disk_usage("/")._replace(free=10 * 2**20)
    monkeypatch.setattr("shutil.disk_usage", lambda path: sizes)
    assert status(examined()[0], "disk") == ["warn"]

    sizes = sizes._replace(free=1000)
    assert (status(examined()[0], "database"), examined()[1]) == (["fail"], 1)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
def test_what_keeps_us_from_sqlites_file_is_named(settings, monkeypatch, tmp_path):
    database = settings.DATABASES["default"]
    monkeypatch.setitem(database, "NAME", str(tmp_path / "none" / "db.sqlite3"))
    assert in_the_way().startswith(f"There is no directory {tmp_path / 'none'}: make it")

    monkeypatch.setitem(database, "NAME", str(tmp_path / "db.sqlite3"))
    assert in_the_way() == ""

    (tmp_path / "db.sqlite3-shm").touch()
    monkeypatch.setattr("os.access", lambda path, mode: not str(path).endswith("-shm"))  # root may write all
    assert f"may not write {tmp_path / 'db.sqlite3-shm'}: run chown" in in_the_way()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
def test_of_a_damaged_file_only_the_damage_is_told(tmp_path):
    (tmp_path / "db.sqlite3").write_bytes(b"\xff" * 4096)
    with Site(tmp_path) as site:
        found = json.loads(site.manage("doctor", "--json").stdout)["checks"]

    failed = {one["check"]: one["do"] for one in found if one["status"] == "fail"}
    assert failed.keys() >= {"database", "migrations"}
    assert {failed["database"], failed["migrations"]} == {"The database's file is damaged: restore a backup."}


def test_a_clock_beside_the_databases_or_the_models_is_told():
    assert skew("clock", 1.0, "the database's").status == "ok"
    late, early = skew("clock", -90.0, "the database's"), skew("clock", 90.0, "the database's")

    assert (late.status, late.says) == ("warn", "Our clock is 90 s behind the database's.")
    assert early.says == "Our clock is 90 s ahead of the database's."


# -- the model -------------------------------------------------------------------------------------------------------

LISTED = {"data": [{"id": "gpt-6-luna"}, {"id": "other"}]}


@pytest.mark.parametrize(
    ("code", "body", "status_of", "says"),
    [
        (200, LISTED, "ok", "The key is taken and gpt-6-luna is there"),
        (200, {"data": [{"id": "other"}]}, "warn", "gpt-6-luna is not among the 1 models"),
        (200, {"models": []}, "warn", "lists no models (HTTP 200)"),
        (404, {}, "warn", "lists no models (HTTP 404)"),
        (401, {}, "fail", "refuses our key (HTTP 401)"),
        (403, {}, "fail", "refuses our key (HTTP 403)"),
    ],
)
def test_the_list_of_models_says_whether_key_and_model_are_good(asked, code, body, status_of, says):
    with Models(code, body) as server:
        asked.OPENAI_BASE_URL = server.base_url
        found, _ = examined()

    assert server.asked == [("/v1/models", "Bearer sk-planted")]
    (one,) = found["model"]
    assert (one.status, says in one.says, bool(one.do)) == (status_of, True, status_of != "ok")


def test_the_models_clock_is_held_against_ours(asked):
    with Models(200, LISTED, ahead=timedelta(minutes=3)) as server:
        asked.OPENAI_BASE_URL = server.base_url
        found, _ = examined()

    assert "the model server's" in found["clock"][-1].says
    assert found["clock"][-1].status == "warn"


def test_nothing_is_called_that_costs_unless_it_is_asked_for(asked):
    with FakeOpenAI() as server:
        asked.OPENAI_BASE_URL = server.base_url
        examined()
        assert server.requests == []

        found, _ = examined("--paid")

    (one,) = found["call"]
    assert (one.status, len(server.requests)) == ("ok", 1)
    assert "tokens" in one.says
    assert "dollars" in one.says


def test_a_real_call_that_fails_is_told_with_its_code(asked):
    with FakeOpenAI(usual="unauthorized") as server:
        asked.OPENAI_BASE_URL = server.base_url
        found, code = examined("--paid")

    assert (status(found, "call"), code) == (["fail"], 1)
    assert "provider_refused" in found["call"][0].says


@pytest.mark.parametrize(
    ("prices_of", "name", "chosen", "expected"),
    [
        (date.today(), "gpt-6-luna", {}, "ok"),
        (date(2020, 1, 1), "gpt-6-luna", {}, "warn"),
        (date.today(), "another", {}, "warn"),
        (date(2020, 1, 1), "another", {"OPENAI_INPUT_PRICE": "1"}, "ok"),
    ],
)
def test_old_prices_and_those_of_another_model_are_told(asked, monkeypatch, prices_of, name, chosen, expected):
    monkeypatch.setattr(model, "PRICES_OF", prices_of)
    asked.OPENAI_MODEL = name
    for variable, value in chosen.items():
        monkeypatch.setenv(variable, value)

    assert [one.status for one in model.prices() if one.check == "prices"] == [expected]


def test_a_day_without_a_limit_is_told(asked):
    def budget() -> list[str]:
        return [one.status for one in model.prices() if one.check == "budget"]

    assert budget() == ["warn"]
    asked.TAGGING_DAILY_COST = 5.0
    assert budget() == ["ok"]


# -- the host --------------------------------------------------------------------------------------------------------


def test_a_file_of_a_secret_that_all_may_read_is_told(monkeypatch, tmp_path):
    tmp_path.chmod(0o755)
    secret = tmp_path / "key"
    secret.write_text("x")
    secret.chmod(0o644)
    monkeypatch.setattr(host, "is_reachable", lambda path: True)
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(secret))
    assert [one.do for one in host.files() if str(secret) in one.says] == [f"Run chmod o= {secret}*"]

    secret.chmod(0o640)
    assert [one.do for one in host.files() if str(secret) in one.says] == []


def test_a_file_in_a_directory_that_nobody_else_enters_is_closed(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o700)
    secret = tmp_path / "closed" / "key"
    secret.write_text("x")
    secret.chmod(0o644)

    assert not host.is_open(secret)


def test_a_weak_secret_key_is_told_in_production(settings):
    settings.DEBUG, settings.SECRET_KEY = False, "short"

    found, _ = examined()

    assert any("security.W009" in one.says for one in found["settings"])


def test_files_of_pages_that_are_missing_are_told(settings):
    with override_settings(STATICFILES_FINDERS=[]):
        host.finders.get_finder.cache_clear()
        (one,) = host.static_files()

    assert (one.status, "admin/css/base.css" in one.says) == ("fail", True)

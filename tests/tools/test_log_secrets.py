"""What is planted in requests, entries, answers and settings stands in no line of any process, DEBUG included."""

import io
import json
import logging
import shutil
import socket
import sqlite3
from base64 import b64encode
from contextlib import closing

import pytest

from devlog_project.ops import logs
from tests.support.servers import Server
from tests.support.site import Site, migrated_database
from tests.support.waiting import eventually
from tests.support.wire import FakeOpenAI
from tests.support.workers import celery_worker, run_worker

KEY = "sk-planted-key-0123456789"
SECRET_KEY = "planted-secret-key-0123456789"
PASSWORD = "Planted-Passw0rd"
ENTRY, TAG, TERM, QUERY, IDEMPOTENCY, TOKEN = PLANTED = (
    *("zwetschgenknoedel", "quittenbrot", "marillenknoedel", "topfenstrudel", "planted-idempotency"),
    "planted-bearer-token",
)
PLANTED = (*PLANTED, KEY, SECRET_KEY, PASSWORD)
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return migrated_database(tmp_path_factory.getbasetemp() / "template")


@pytest.fixture
def site(template, tmp_path):
    """A site as in production, whose model's server is ours."""
    production = {"DEBUG": "off", "LOG_LEVEL": "DEBUG", "SECRET_KEY": SECRET_KEY, "API_TOKEN_DAYS": "3"}
    with (
        FakeOpenAI() as model,
        Site(tmp_path, **production, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=model.base_url) as site,
    ):
        site.settings["TAGGING_EXTRACTOR"] = "openai"
        site.model = model
        shutil.copy(template, site.database)
        made = site.manage("createsuperuser", "--noinput", "--username", "ada", "--email", "a@example.org", **login())
        assert made.returncode == 0, made.stderr
        yield site


def login() -> dict[str, str]:
    return {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}


def found_in(log: str) -> list[str]:
    return [word for word in PLANTED if word.lower() in log.lower()]


def token_of(site: Site) -> str:
    return site.manage("create_token", "ada", "--name", "test").stdout.strip()


def are_final(site: Site, count: int) -> bool:
    return len([state for state in site.states() if state in ("done", "failed")]) == count


def called(tool: str, **arguments: object) -> dict[str, object]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def send_everything(server: Server, token: str) -> None:
    """Plant a word in each place of a request that may hold one."""
    bearer = {"Authorization": f"Bearer {token}"}
    basic = b64encode(f"ada:{PASSWORD}x".encode()).decode()
    devlogs = "/api/v1/devlogs/"
    entry = {"entry": f"Wrote a {ENTRY} with Django."}
    asked = [
        ("POST", devlogs, entry, bearer | {"Idempotency-Key": IDEMPOTENCY}),
        ("POST", devlogs, entry, bearer | {"Idempotency-Key": f"ä{IDEMPOTENCY}".encode().decode("latin-1")}),
        ("POST", devlogs, entry | {TAG: 1}, bearer),
        ("POST", devlogs, entry, {"Authorization": f"Bearer {TOKEN}"}),
        ("POST", devlogs, entry, {"Authorization": f"Bearer {TOKEN} {TOKEN}"}),
        ("POST", "/api/v1/auth/login/", None, {"Authorization": f"Basic {basic}"}),
        ("GET", f"{devlogs}?q={QUERY}", None, bearer),
        ("GET", f"{devlogs}?search={QUERY}&{QUERY}=1", None, bearer),
        ("GET", f"/nowhere/?q={QUERY}", None, {}),
        ("GET", f"/admin/tagging/tag/?q={QUERY}&id__regex={QUERY}", None, {}),
        ("POST", f"/login/?next={QUERY}", None, {}),
        ("POST", f"{devlogs}1/tags/", {"name": TAG}, bearer),
        ("POST", "/mcp", called("search_logs", words=QUERY), bearer),
        ("POST", "/mcp", called("log_work", **entry, private=TAG), bearer),
    ]
    for method, path, body, headers in asked:
        server.request(method, path, body, **JSON | headers)
    assert TAG not in server.log()
    broken(server, f"GET /?{QUERY} HTTP/1.1\r\nAuthorization Bearer {TOKEN}\r\n\r\n")
    broken(server, f"GET /?{QUERY} {QUERY} HTTP/9\r\n\r\n")


def broken(server: Server, request: str) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=20)) as connection:
        connection.sendall(request.encode())
        assert b"X-Request-ID" in connection.recv(4096)


def plant_a_term(site: Site) -> None:
    """Leave a term that nobody can read, as a row written past the admin may be."""
    with closing(sqlite3.connect(site.database)) as database, database:
        fields = {name: "" for _, name, *_ in database.execute("PRAGMA table_info(tagging_term)") if name != "id"}
        fields |= {"name": TERM, "kind": "nonsense", "aliases": TERM}
        times = {name: "2026-01-01 00:00:00" for name in fields if name.endswith("_at")}
        people = {name: None for name in fields if name.endswith("_by_id")}
        fields |= times | people
        marks = ", ".join("?" * len(fields))
        database.execute(f"INSERT INTO tagging_term ({', '.join(fields)}) VALUES ({marks})", [*fields.values()])


@pytest.mark.parametrize("style", ["json", "text"])
def test_gunicorn_and_its_worker_say_none_of_it(site, style):
    site.model.faults.extend(["bad_request", "unprocessable"])
    plant_a_term(site)
    server = site.serve("gunicorn", "--access-logfile", "-", LOG_FORMAT=style).wait_until_it_answers()

    send_everything(server, token_of(site))

    eventually(lambda: are_final(site, 1), "the dev-log final")
    assert "cannot be taught" in server.log()
    assert "Tool 'search_logs': ok" in server.log()
    assert " done (" in server.log()
    assert found_in(server.log()) == []
    if style == "json":
        assert [line for line in server.log().splitlines() if "message" not in json.loads(line)] == []


def test_a_worker_by_itself_says_none_of_it_of_an_extractor_that_quotes_the_entry(site):
    server = site.serve("gunicorn", TAGGING_WORKER="off").wait_until_it_answers()
    token = token_of(site)
    settings = {"TAGGING_EXTRACTOR": "tests.support.extractors.Quoting", "TAGGING_MAX_ATTEMPTS": "2"}
    worker = run_worker(site, **settings)

    server.request("POST", "/api/v1/devlogs/", {"entry": ENTRY}, Authorization=f"Bearer {token}", **JSON)

    eventually(lambda: "the extractor raised ValueError" in worker.log(), "the error in the log")
    assert found_in(worker.log() + server.log()) == []
    assert all(json.loads(line)["timestamp"] for line in worker.log().splitlines())


def test_a_database_that_cannot_be_reached_is_named_without_its_password(site):
    url = f"postgres://devlog:{PASSWORD}@127.0.0.1:1/devlog"
    server = site.serve("gunicorn", DATABASE_URL=url).wait_until_it_answers()

    server.get("/readyz")

    eventually(lambda: "OperationalError" in server.log(), "the error in the log")
    assert found_in(server.log()) == []


def test_celery_speaks_as_all_others_and_names_a_broker_without_its_password(site):
    pytest.importorskip("celery", reason="needs celery, from requirements/dev.txt")
    broker = {"TAGGING_TRANSPORT": "celery", "TAGGING_BROKER_URL": f"amqp://devlog:{PASSWORD}@127.0.0.1:1//"}
    worker = celery_worker(site, waits_for_broker=False, **broker)

    eventually(lambda: "Cannot connect to amqp://" in worker.log(), "a line about the broker")
    assert found_in(worker.log()) == []
    loggers = {json.loads(line)["logger"] for line in worker.log().splitlines() if line.startswith("{")}
    assert {"tagging.engine.dispatch", "celery.worker.consumer.consumer"} <= loggers


def test_uvicorn_writes_a_line_for_each_request_without_what_it_looks_for(site):
    server = site.serve("uvicorn", TAGGING_WORKER="off").wait_until_it_answers()

    server.get(f"/api/v1/tags/?q={QUERY}")

    eventually(lambda: "/api/v1/tags/?\\u2026" in server.log(), "its line")
    assert found_in(server.log()) == []


@pytest.fixture
def console():
    """Return what the console would show, as production has it."""
    handler = logs.ConsoleHandler()
    handler.setFormatter(logs.Json())
    handler.setStream(io.StringIO())
    logging.getLogger().addHandler(handler)
    yield handler.stream
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [ValueError, KeyError, UnicodeError, LookupError])
def test_a_bug_whose_error_quotes_the_entry_is_logged_by_where_and_what_kind(api, console, monkeypatch, kind):
    def fail(devlog, **more):
        try:
            raise kind(devlog.entry)
        except kind as error:
            error.add_note(devlog.entry)
            raise RuntimeError(f"could not write {devlog.entry}") from error

    monkeypatch.setattr("devlogs.entries.write", fail)
    api.raise_request_exception = False

    assert api.post("/api/v1/devlogs/", {"entry": ENTRY}).status_code == 500

    (line,) = [json.loads(line) for line in console.getvalue().splitlines() if "Internal Server Error" in line]
    assert line["traceback"].endswith("RuntimeError")
    assert kind.__name__ in line["traceback"]
    assert "in fail" in line["traceback"]
    assert ENTRY not in console.getvalue()


def test_below_info_only_our_own_lines_are_logged(site):
    shown = site.manage(
        "shell",
        "--no-imports",
        "-c",
        "import logging; [logging.getLogger(name).debug('said by ' + name) for name in ('tagging.x', 'httpcore2.x')]",
    )

    assert "said by tagging.x" in shown.stderr
    assert "said by httpcore2.x" not in shown.stderr

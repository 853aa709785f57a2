"""The number of a request: on its answer, on its lines in the log, and on what is asked for by it."""

import io
import json
import logging
import re
import socket
from contextlib import closing

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext

from devlog_project.api.origin import NOBODY, Origin, asked_by, current
from devlog_project.ops import logs
from devlogs.models import DevLog
from tagging import queues
from tagging.engine.batches import Portions, Run
from tagging.models import Attempt, Batch, Job
from tests.support.extractors import Scripted
from tests.support.jobs import portions_of
from tests.support.site import Site
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db
DEVLOGS = "/api/v1/devlogs/"
ENTRY = {"entry": "Wrote a Django app."}
OURS = re.compile("[0-9a-f]{32}")


def asking(request_id):
    return {"X-Request-ID": request_id}


def number_on_job(pk):
    return Job.objects.get(pk=pk).request_id


@pytest.fixture
def lines(monkeypatch):
    """Return a function that gives the lines of the console so far, as JSON."""
    handler = logs.ConsoleHandler()
    handler.setFormatter(logs.Json())
    handler.setStream(io.StringIO())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in handler.stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


# -- in and out --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["a", "Deploy_7.of-12", "x" * 64])
def test_a_client_may_choose_it(api, number):
    assert api.get("/api/v1/tags/", headers=asking(number))["X-Request-ID"] == number


@pytest.mark.parametrize("number", ["", "x" * 65, "two words", "a;b", "ä", "a\n"])
def test_one_that_is_none_is_replaced(api, number):
    assert OURS.fullmatch(api.get("/api/v1/tags/", headers=asking(number))["X-Request-ID"])


@pytest.mark.parametrize(
    "path, status", [("/nowhere/", 404), ("/api/v1/jobs/9/", 404), ("/healthz", 200), ("/readyz", 200)]
)
def test_errors_and_probes_have_it_too(client, path, status):
    answer = client.get(path, headers=asking("mine"))

    assert (answer.status_code, answer["X-Request-ID"]) == (status, "mine")


def test_an_error_of_ours_has_it_in_answer_and_log(api, lines, monkeypatch):
    monkeypatch.setattr("devlogs.entries.write", None)
    api.raise_request_exception = False

    assert api.post(DEVLOGS, ENTRY, headers=asking("mine"))["X-Request-ID"] == "mine"

    (line,) = [line for line in lines() if line["logger"] == "django.request"]
    assert line["request_id"] == "mine"


def test_django_tells_of_a_refusal_under_it_though_the_request_is_over(client, lines):
    client.get("/nowhere/", headers=asking("mine"))

    assert [line["request_id"] for line in lines()] == ["mine"]
    assert current() is NOBODY


@pytest.mark.django_db(transaction=True)
def test_an_asgi_server_keeps_it_as_well():
    post = async_to_sync(AsyncClient().post)

    answer = post(DEVLOGS, ENTRY, content_type="application/json", headers=asking("mine"))

    assert (answer.status_code, answer["X-Request-ID"]) == (201, "mine")
    assert number_on_job(answer.json()["id"]) == "mine"


def test_a_page_of_a_named_origin_may_send_and_read_it(api, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]
    origin = {"Origin": "https://app.example.org"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-request-id"}

    assert "x-request-id" in api.options(DEVLOGS, headers=origin | asked)["Access-Control-Allow-Headers"]
    assert "X-Request-ID" in api.get(DEVLOGS, headers=origin)["Access-Control-Expose-Headers"]


def test_what_gunicorn_itself_refuses_has_one_that_its_log_knows(tmp_path):
    with Site(tmp_path, DEBUG="off") as site:
        server = site.serve("gunicorn", TAGGING_WORKER="off").wait_until_it_answers()
        with closing(socket.create_connection(("127.0.0.1", server.port), timeout=20)) as refused:
            refused.sendall(b"GET / HTTP/1.1\r\nno header\r\n\r\n")
            number = re.search(rb"X-Request-ID: (\w{32})", refused.recv(4096))[1].decode()

        eventually(lambda: f'"request_id": "{number}"' in server.log(), "its line in the log")


# -- kept --------------------------------------------------------------------------------------------------------


def test_a_job_has_that_of_its_post_in_the_one_statement_that_writes_it(api):
    api.post(DEVLOGS, ENTRY)  # what is looked up once
    with CaptureQueriesContext(
        connection,
    ) as queries:
        pk = api.post(DEVLOGS, ENTRY, headers=asking("mine")).json()["id"]

    of_jobs = [query["sql"] for query in queries if "tagging_job" in query["sql"]]
    assert (len(of_jobs), of_jobs[0][:11]) == (1, "INSERT INTO")
    assert number_on_job(pk) == "mine"


def test_an_edit_and_a_retag_put_their_own_and_an_attempt_keeps_its(api, run_jobs):
    pk = api.post(DEVLOGS, ENTRY, headers=asking("first")).json()["id"]
    run_jobs(Scripted(["Django"]))
    api.patch(f"{DEVLOGS}{pk}/", {"entry": "Wrote a Flask app."}, headers=asking("second"))
    run_jobs(Scripted(["Flask"]))
    api.post(f"{DEVLOGS}{pk}/retag/", headers=asking("third"))

    shown = api.get(f"/api/v1/jobs/{pk}/").json()
    assert shown["request_id"] == "third"
    assert [attempt["request_id"] for attempt in shown["attempts"]] == ["first", "second"]


def test_an_edit_during_a_call_puts_its_own(api):
    pk = api.post(DEVLOGS, ENTRY, headers=asking("first")).json()["id"]
    Job.objects.claim(1, owner="another", lease_seconds=60)

    api.patch(f"{DEVLOGS}{pk}/", {"entry": "Wrote a Flask app."}, headers=asking("second"))

    assert number_on_job(pk) == "second"


def test_an_action_of_the_admin_puts_its_own(admin_client, make_tagged):
    pk = make_tagged("Django").pk
    chosen = {"action": "tag_again", "_selected_action": [pk], "post": "yes"}

    admin_client.post("/admin/tagging/job/", chosen, headers=asking("of-the-admin"))

    assert number_on_job(pk) == "of-the-admin"


def test_what_goes_on_beside_a_request_has_that_of_the_request(make_tagged, monkeypatch, run_jobs):
    portions_of(1, monkeypatch)
    devlogs = DevLog.objects.filter(pk__in=[make_tagged("Django").pk, make_tagged("Flask").pk])
    batch = Batch.objects.begin("devlogs.devlog", "Tagged again", 2, None)
    with asked_by(Origin("of-the-admin")):
        run = Run(batch, Portions([devlogs]), queues.retag, lambda: None)

    run.go_on(60)

    assert set(Job.objects.values_list("request_id", flat=True)) == {"of-the-admin"}


def test_what_no_request_asks_for_has_none(make_devlog):
    assert number_on_job(make_devlog().pk) is None


def test_the_code_before_this_version_can_still_write_jobs_and_attempts(make_devlog):
    devlog = make_devlog()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tagging_job")
        cursor.execute(
            "INSERT INTO tagging_job (devlog_id, priority, author_id, is_private, queued_at, run_after) "
            "SELECT id, 0, COALESCE(author_id, 0), is_private, created_at, created_at FROM devlogs_devlog"
        )

    assert number_on_job(devlog.pk) is None


# -- its lines ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_each_line_about_a_dev_log_carries_it_from_the_post_to_the_tags(api, lines, run_jobs):
    pk = api.post(DEVLOGS, ENTRY, headers=asking("mine")).json()["id"]
    run_jobs(Scripted(["Django"]))

    told = [line for line in lines() if line.get("job") == pk]
    assert [(line["message"].partition(" (")[0], line["request_id"]) for line in told] == [
        (f"jobs={pk} pending", "mine"),
        (f"job={pk} attempt=1 done", "mine"),
    ]
    assert (told[1]["attempt"], Attempt.objects.get().request_id) == (1, "mine")


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_job_is_a_line_with_its_code(api, lines):
    pk = api.post(DEVLOGS, ENTRY, headers=asking("mine")).json()["id"]

    api.post(f"/api/v1/jobs/{pk}/cancel/", headers=asking("another"))

    assert next(line for line in lines() if line.get("code") == "cancelled")["request_id"] == "mine"

"""`Idempotency-Key`: a POST that is repeated changes nothing more, and gets the first answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.exceptions import NotFound
from rest_framework.test import APIClient

from devlog_project.api.models import IdempotencyKey
from devlogs import entries
from devlogs.models import DevLog
from tagging import queues
from tagging.models import Job
from tests.support.extractors import Scripted
from tests.support.waiting import beside

pytestmark = pytest.mark.django_db

URL = "/api/v1/devlogs/"
ENTRY = {"entry": "Wrote a Django app."}
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
PROBLEM = "application/problem+json"


def client_of(name):
    client = APIClient(headers={"content-type": "application/json"})
    client.force_authenticate(User.objects.create_user(name))
    return client


@pytest.fixture
def ada():
    return client_of("ada")


def post(client, body=ENTRY, url=URL, key=KEY, **more):
    return client.post(url, body, headers=key, **more)


def count():
    return DevLog.objects.count(), Job.objects.count(), IdempotencyKey.objects.count()


def test_a_repeat_gets_the_first_answer_and_writes_nothing(ada):
    first = post(ada)
    second = post(ada)

    assert (second.status_code, second.content, second["Location"]) == (201, first.content, first["Location"])
    assert second["Content-Type"] == first["Content-Type"] == "application/json"
    assert (first.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
    assert count() == (1, 1, 1)


def test_a_repeat_may_order_its_fields_otherwise(ada):
    post(ada, {"entry": "x", "private": True})

    assert post(ada, {"private": True, "entry": "x"}).status_code == 201
    assert count() == (1, 1, 1)


@pytest.mark.parametrize("body, url", [({"entry": "Another one."}, URL), (ENTRY, f"{URL}?bulk=true")])
def test_another_request_under_the_key_is_refused(ada, body, url):
    post(ada)

    response = post(ada, body, url)

    assert (response.status_code, response["Content-Type"], count()) == (422, PROBLEM, (1, 1, 1))


def test_another_address_under_the_key_is_refused(ada):
    devlog = post(ada).json()["id"]

    assert post(ada, None, f"{URL}{devlog}/retag/").status_code == 422


def test_a_retag_is_kept_too(ada, run_jobs):
    devlog = ada.post(URL, ENTRY).json()["id"]
    run_jobs(Scripted(["Django"]))
    first = post(ada, None, f"{URL}{devlog}/retag/")
    run_jobs(Scripted(["Django"]))

    second = post(ada, None, f"{URL}{devlog}/retag/")

    assert (first.status_code, second.status_code) == (202, 202)
    assert (first.json()["tagging"]["state"], second.json()["tagging"]["state"]) == ("pending", "done")
    assert Job.objects.get().state == "done"


def test_no_text_of_a_dev_log_is_kept(ada):
    first = post(ada)
    job = ada.post(f"/api/v1/jobs/{first.json()['id']}/cancel/", headers={"Idempotency-Key": "cancel"})

    assert (job.status_code, job.json()["input"]) == (202, ENTRY["entry"])
    assert not [key for key in IdempotencyKey.objects.values_list("body", flat=True) if "Django" in key]


def test_a_repeat_shows_the_dev_log_as_it_is_now_with_all_headers(ada):
    first = post(ada)
    devlog = f"{URL}{first.json()['id']}/"
    ada.patch(devlog, {"entry": "Wrote a Flask app."})

    second = post(ada)

    assert (second.status_code, second.json()["entry"]) == (201, "Wrote a Flask app.")
    assert (second["Location"], second["ETag"]) == (first["Location"], ada.get(devlog)["ETag"])
    assert int(second["Retry-After"]) > 0


def test_a_repeat_may_wait_like_the_first(ada):
    Job.objects.cancel([post(ada).json()["id"]])

    second = post(ada, key=KEY | {"Prefer": "wait=1"}, **{"wsgi.multithread": True})

    assert (second["Preference-Applied"], second.json()["tagging"]["state"]) == ("wait=1", "failed")


@pytest.mark.parametrize("path", ["", "{id}/retag/"])
def test_the_repeat_for_a_dev_log_that_was_deleted_says_so_and_writes_none(ada, path, run_jobs):
    devlog = ada.post(URL, ENTRY).json()["id"] if path else 0
    run_jobs(Scripted(["Django"]))
    body, url = (None if path else ENTRY), URL + path.format(id=devlog)
    ada.delete(f"{URL}{post(ada, body, url).json()['id']}/")

    second = post(ada, body, url)

    assert (second.status_code, second["Content-Type"], count()) == (410, PROBLEM, (0, 0, 1))


def test_a_refusal_is_repeated_as_it_was(ada):
    first = post(ada, {"entry": " "})
    second = post(ada, {"entry": " "})

    assert (second.status_code, second.json(), second["Content-Type"]) == (400, first.json(), PROBLEM)
    assert (second["Idempotency-Replayed"], count()) == ("true", (0, 0, 1))


def test_what_was_too_much_is_tried_anew(ada, monkeypatch):
    ada.post(URL, ENTRY)
    monkeypatch.setattr(queues, "MOST_PENDING", 1)
    queues.looks.clear()
    assert (post(ada).status_code, count()) == (429, (1, 1, 0))
    monkeypatch.undo()
    queues.looks.clear()

    assert (post(ada).status_code, count()) == (201, (2, 2, 1))


def test_what_failed_with_us_is_tried_anew_and_has_written_nothing(ada, monkeypatch):
    def fail(job_id, *args, **kwargs):
        raise RuntimeError

    ada.raise_request_exception = False
    monkeypatch.setattr(queues, "enqueue", fail)
    assert (post(ada).status_code, count()) == (500, (0, 0, 0))
    monkeypatch.undo()

    assert (post(ada).status_code, count()) == (201, (1, 1, 1))


def test_a_refusal_in_the_midst_leaves_the_key_alone_written(ada, monkeypatch):
    def refuse(devlog, **kwargs):
        DevLog.objects.create(entry="half done")
        raise NotFound

    monkeypatch.setattr(entries, "write", refuse)

    assert (post(ada).status_code, count()) == (404, (0, 0, 1))


def test_a_key_is_its_users_own(ada):
    post(ada)

    assert post(client_of("bob")).get("Idempotency-Replayed") is None
    assert DevLog.objects.count() == 2


def test_a_key_of_anonymous_clients_is_their_addresses_own(api):
    first = post(api, REMOTE_ADDR="192.0.2.1")

    assert post(api, REMOTE_ADDR="192.0.2.1").json() == first.json()
    assert post(api, REMOTE_ADDR="192.0.2.2").json() != first.json()


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "tab\t"])
def test_what_is_no_key_is_refused(ada, key):
    response = post(ada, key={"Idempotency-Key": key})

    assert (response.status_code, list(response.json()["errors"]), count()) == (400, ["Idempotency-Key"], (0, 0, 0))


def test_the_longest_key_is_taken(ada):
    assert post(ada, key={"Idempotency-Key": "~" * 255}).status_code == 201


def test_a_key_is_kept_for_a_day(ada):
    post(ada)
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=23, minutes=59))
    assert post(ada)["Idempotency-Replayed"] == "true"

    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, minutes=1))
    assert post(ada).get("Idempotency-Replayed") is None
    assert count() == (2, 2, 1)


def test_old_keys_are_cleared_away_with_new_ones_in_portions(ada):
    old = [IdempotencyKey(address="192.0.2.9", key=f"k{number}", fingerprint="", status=201) for number in range(70)]
    IdempotencyKey.objects.bulk_create(old)
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(days=2))

    post(ada)
    assert IdempotencyKey.objects.count() == 21
    post(ada, key={"Idempotency-Key": "next"})
    assert IdempotencyKey.objects.count() == 2


def test_keys_go_with_their_user(ada):
    post(ada)

    User.objects.all().delete()

    assert IdempotencyKey.objects.count() == 0


def test_a_post_without_a_key_asks_for_none(ada):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ada.post(URL, ENTRY)

    assert not [query for query in queries if "idempotency" in query["sql"]]


def test_a_login_keeps_no_answer_since_it_holds_a_token(api):
    User.objects.create_user("eve", password="of-eve-1234")
    api.credentials(HTTP_AUTHORIZATION="Basic ZXZlOm9mLWV2ZS0xMjM0")

    assert api.post("/api/v1/auth/login/").status_code == 200
    assert api.post("/api/v1/auth/login/", headers=KEY).status_code == 400
    assert IdempotencyKey.objects.count() == 0


def test_a_new_token_is_kept_for_no_repeat(ada):
    response = post(ada, {"name": "CI"}, "/api/v1/auth/tokens/")

    assert (response.status_code, list(response.json()["errors"])) == (400, ["Idempotency-Key"])
    assert IdempotencyKey.objects.count() == 0


# -- Several at once -------------------------------------------------------------------------------------------------


def at_once(clients, work):
    together = Barrier(len(clients))

    def run(client):
        together.wait()
        try:
            return work(client)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(clients)) as threads:
        return list(threads.map(run, clients))


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_writes_and_the_others_wait_or_get_its_answer():
    user = User.objects.create_user("ada")
    clients = [APIClient() for _ in range(8)]
    for client in clients:
        client.force_authenticate(user)

    answers = at_once(clients, post)

    assert count() == (1, 1, 1)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len([one for one in answers if one.status_code == 201 and "Idempotency-Replayed" not in one]) == 1
    assert all(one["Retry-After"] == "1" for one in answers if one.status_code == 409)


@pytest.mark.django_db(transaction=True)
def test_who_asks_while_the_first_is_being_answered_is_told_so(ada, monkeypatch):
    meanwhile = []

    def write(devlog, **kwargs):
        meanwhile.append(beside(lambda: post(ada))().status_code)
        return write_now(devlog, **kwargs)

    write_now = entries.write
    monkeypatch.setattr(entries, "write", write)

    assert (post(ada).status_code, meanwhile, count()) == (201, [409], (1, 1, 1))

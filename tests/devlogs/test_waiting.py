"""`Prefer: wait=N`: an answer that waits for the tags, of so many clients as leave threads for all others."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient, APIRequestFactory

from devlog_project.api.preferences import MOST_SECONDS, MOST_WAITERS, wait_preferred, waiters
from devlogs.models import DevLog
from tagging.models import Job
from tagging.models.endings import endings
from tests.support.extractors import Scripted, error
from tests.support.gates import GATED, wait_for_calls
from tests.support.site import Site, migrated_database
from tests.support.waiting import begun, eventually

URL = "/api/v1/devlogs/"
ENTRY = {"entry": "Wrote a Django app."}
WAIT = {"Prefer": "wait=10"}
# Far less than the ten seconds of a wait that nothing ends.
SOON = 5.0

at_the_api = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client():
    return client_of("ada")


def client_of(name):
    client = APIClient(headers={"content-type": "application/json"}, **{"wsgi.multithread": True})
    client.force_authenticate(User.objects.create_user(name))
    return client


def is_waited_for(job_id):
    return job_id in endings.waited_for()


def timed(work):
    began = time.monotonic()
    return work(), time.monotonic() - began


def tags(answer):
    return [tag["name"] for tag in answer.json()["tags"]]


# -- What a client prefers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("wait=5", 5),
        ("wait=0", 0),
        ("wait=3600", MOST_SECONDS),
        ('WAIT = "7"', 7),
        ("respond-async, wait=4", 4),
        ('foo="a, wait=9", wait=2', 2),
        ("wait=3; foo=bar", 3),
        ("wait=3, wait=8", 3),
        ("return=minimal", 0),
        ("await=3", 0),
    ],
)
def test_the_header_says_how_long(header, seconds):
    assert (
        wait_preferred(APIRequestFactory(**{"wsgi.multithread": True}).get("/", headers={"Prefer": header})) == seconds
    )


@pytest.mark.parametrize(
    "header", ["wait", "wait=", "wait=x", "wait=-1", "wait=1.5", "wait=٣", 'wait="3', "=3", ",,", "wait=3x"]
)
def test_what_is_malformed_is_no_preference(header):
    assert wait_preferred(APIRequestFactory(**{"wsgi.multithread": True}).get("/", headers={"Prefer": header})) == 0


def test_a_server_with_one_thread_for_all_has_nobody_wait():
    assert wait_preferred(APIRequestFactory(**{"wsgi.multithread": False}).get("/", headers=WAIT)) == 0


# -- At the API -------------------------------------------------------------------------------------------------------


@at_the_api
@pytest.mark.parametrize("more", [{}, {"Idempotency-Key": "k"}])
def test_a_post_that_waits_is_answered_with_the_tags(client, run_jobs, more):
    answer = begun(lambda: client.post(URL, ENTRY, headers=WAIT | more))
    eventually(lambda: is_waited_for(Job.objects.values_list("pk", flat=True).first()), "a client that waits")

    run_jobs(Scripted(["Django"]))

    answer = answer.result(SOON)
    assert (answer.status_code, answer.json()["tagging"]["state"], tags(answer)) == (201, "done", ["Django"])
    number = answer.json()["id"]
    assert (answer["Preference-Applied"], answer["Location"].rpartition(URL)[2]) == ("wait=10", f"{number}/")
    assert "Retry-After" not in answer


@at_the_api
def test_a_repeat_is_given_what_was_waited_for(client, run_jobs):
    headers = WAIT | {"Idempotency-Key": "k"}
    answer = begun(lambda: client.post(URL, ENTRY, headers=headers))
    eventually(lambda: is_waited_for(Job.objects.values_list("pk", flat=True).first()), "a client that waits")
    run_jobs(Scripted(["Django"]))

    assert answer.result(SOON).json() == client.post(URL, ENTRY, headers=headers).json()
    assert DevLog.objects.count() == 1


@at_the_api
@pytest.mark.parametrize("found", [["Django"], error(permanent=True)])
def test_a_get_waits_for_either_end(client, run_jobs, found):
    devlog = client.post(URL, ENTRY).json()["id"]
    answer = begun(lambda: client.get(f"{URL}{devlog}/", headers=WAIT))
    eventually(lambda: is_waited_for(devlog), "a client that waits")

    run_jobs(Scripted(found))

    answer = answer.result(SOON)
    assert (answer.status_code, answer["Preference-Applied"]) == (200, "wait=10")
    assert answer.json()["tagging"]["state"] == Job.objects.get().state in Job.FINAL


@at_the_api
def test_a_look_at_the_job_waits_too(client, run_jobs):
    devlog = client.post(URL, ENTRY).json()["id"]
    answer = begun(lambda: client.get(f"/api/v1/jobs/{devlog}/", headers=WAIT))
    eventually(lambda: is_waited_for(devlog), "a client that waits")

    run_jobs(Scripted(["Django"]))

    answer = answer.result(SOON)
    assert (answer.json()["status"], answer["Preference-Applied"]) == ("done", "wait=10")


@at_the_api
def test_a_retag_waits_for_the_new_tags(client, run_jobs):
    devlog = client.post(URL, ENTRY).json()["id"]
    run_jobs(Scripted(["Django"]))
    answer = begun(lambda: client.post(f"{URL}{devlog}/retag/", headers=WAIT))
    eventually(lambda: is_waited_for(devlog), "a client that waits")

    run_jobs(Scripted(["App"]))

    answer = answer.result(SOON)
    assert (answer.status_code, answer.json()["tagging"]["state"], tags(answer)) == (202, "done", ["App"])


@at_the_api
def test_a_job_that_is_asked_once_more_waits_too(client, run_jobs):
    devlog = client.post(URL, ENTRY).json()["id"]
    run_jobs(Scripted(["Django"]))
    answer = begun(lambda: client.post(f"/api/v1/jobs/{devlog}/retry/", headers=WAIT))
    eventually(lambda: is_waited_for(devlog), "a client that waits")

    run_jobs(Scripted(["App"]))

    answer = answer.result(SOON)
    assert (answer.status_code, answer.json()["status"], answer.json()["output"]) == (202, "done", ["App"])
    assert (answer["Preference-Applied"], "Retry-After" in answer) == ("wait=10", False)


@at_the_api
def test_an_end_that_another_process_committed_is_seen(client):
    devlog = client.post(URL, ENTRY).json()["id"]
    answer = begun(lambda: client.get(f"{URL}{devlog}/", headers=WAIT))
    eventually(lambda: is_waited_for(devlog), "a client that waits")

    Job.objects.update(state=Job.State.FAILED, run_after=None)

    assert answer.result(SOON).json()["tagging"]["state"] == "failed"


@at_the_api
def test_a_devlog_that_is_deleted_meanwhile_is_answered_as_it_was_written(client):
    answer = begun(lambda: client.post(URL, ENTRY, headers=WAIT))
    devlog = eventually(lambda: DevLog.objects.first(), "the dev-log")
    eventually(lambda: is_waited_for(devlog.pk), "a client that waits")

    assert client.delete(f"{URL}{devlog.pk}/").status_code == 204

    answer = answer.result(SOON)
    assert (answer.status_code, answer.json()["id"], answer.get("Preference-Applied")) == (201, devlog.pk, None)


@at_the_api
def test_who_waits_in_vain_is_answered_after_that_time(client):
    answer, seconds = timed(lambda: client.post(URL, ENTRY, headers={"Prefer": "wait=1"}))

    assert (answer.status_code, answer.json()["tagging"]["state"]) == (201, "pending")
    assert (answer["Preference-Applied"], answer["Retry-After"]) == ("wait=1", "1")
    assert 1 <= seconds < SOON


@at_the_api
def test_what_is_done_already_is_answered_at_once(client, run_jobs):
    devlog = client.post(URL, ENTRY).json()["id"]
    run_jobs(Scripted(["Django"]))

    answer, seconds = timed(lambda: client.get(f"{URL}{devlog}/", headers=WAIT))

    assert (tags(answer), answer["Preference-Applied"]) == (["Django"], "wait=10")
    assert seconds < SOON


@at_the_api
@pytest.mark.parametrize("pk", [None, "x", "٣", 10**30])
def test_what_there_is_not_for_this_client_is_not_waited_for(client, settings, pk):
    settings.API_OPEN = False
    devlog = client_of("bob").post(URL, ENTRY).json()["id"]

    answer, seconds = timed(lambda: client.get(f"{URL}{pk or devlog}/", headers=WAIT))

    assert (answer.status_code, "Preference-Applied" in answer) == (404, False)
    assert seconds < SOON


@at_the_api
def test_a_refused_post_is_not_waited_for(client):
    answer, seconds = timed(lambda: client.post(URL, {"entry": ""}, headers=WAIT))

    assert (answer.status_code, "Preference-Applied" in answer) == (400, False)
    assert seconds < SOON


@at_the_api
def test_when_as_many_wait_as_may_the_next_is_answered_at_once(client):
    with ExitStack() as taken:
        assert all(taken.enter_context(waiters.take()) for _ in range(MOST_WAITERS))

        answer, seconds = timed(lambda: client.post(URL, ENTRY, headers=WAIT))

    assert (answer.status_code, "Preference-Applied" in answer) == (201, False)
    assert seconds < SOON
    with waiters.take() as is_free:
        assert is_free


@at_the_api
def test_who_waits_holds_no_transaction(client):
    devlog = client.post(URL, ENTRY).json()["id"]
    answer = begun(lambda: client.get(f"{URL}{devlog}/", headers=WAIT))
    eventually(lambda: is_waited_for(devlog), "a client that waits")

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = CURRENT_DATABASE() "
                "AND state LIKE 'idle in transaction%%' AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchone() == (0,)
    assert client.post(URL, ENTRY).status_code == 201
    DevLog.objects.all().delete()
    assert answer.result(SOON).status_code == 404


@at_the_api
def test_nothing_is_kept_of_who_has_waited(client):
    client.post(URL, ENTRY, headers={"Prefer": "wait=1"})

    assert endings.waited_for() == set()


# -- A server --------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path, tmp_path_factory):
    template = migrated_database(tmp_path_factory.getbasetemp() / "template")
    with Site(tmp_path, TAGGING_EXTRACTOR=GATED, TAGGING_SWEEP_SECONDS="600") as site:
        shutil.copy(template, site.database)
        yield site


def test_a_server_answers_a_post_with_tags_and_others_while_all_waiters_wait(site):
    server = site.serve("gunicorn").wait_until_it_answers()

    def post(entry, **headers):
        return server.request("POST", URL, {"entry": entry}, **headers)

    site.open_gate("b")
    answer, seconds = timed(lambda: post("Wrote a Django app behind gate b.", **WAIT))
    assert [tag["name"] for tag in answer.json["tags"]] == ["Django"]
    assert (answer.status, answer.headers["Preference-Applied"], seconds < SOON) == (201, "wait=10", True)

    with ThreadPoolExecutor(MOST_WAITERS) as threads:
        waiting = [threads.submit(post, f"Wrote Redis, no. {n}, behind gate a.", **WAIT) for n in range(MOST_WAITERS)]
        wait_for_calls(site, 1 + MOST_WAITERS)
        others, seconds = timed(lambda: [post("Wrote Flask.", **WAIT) for _ in range(10)])
        site.open_gate("a")
        waited = [future.result() for future in waiting]

    assert {other.status for other in others} == {201}
    assert seconds < SOON
    assert [other.headers["Preference-Applied"] for other in others[:1]] == [None]
    assert {answer.json["tagging"]["state"] for answer in waited} == {"done"}

"""The job service: its shapes, on the product's own queue."""

import json
import os
import subprocess
import time

import pytest
from django.urls import include, path, resolve
from rest_framework.test import APIClient

from devlogs.models import DevLog
from devlogs.pages.errors import not_found
from tagging.extraction.embedded.extractor import EmbeddedExtractor
from tagging.extraction.fibonacci import MAX_N, Task, fibonacci, task_in
from tagging.extraction.simulated import SimulatedExtractor
from tagging.models import Attempt, Job, ProviderState, Tag
from tests.support.servers import PYTHON, ROOT
from tests.support.site import Site
from tests.support.waiting import eventually

urlpatterns = [path("", include("tagging.simulation.urls"))]
KEYS = ["job_id", "status", "input", "output", "init_time", "finished_time", "mod"]
# What is not a whole number from 0 to 10^9, in an address and in a body.
WRONG_TEXTS = ["-1", "1000000001", "9" * 3000, "abc", "1.5", "1e3", "0x10", "١٢", "1_000"]
WRONG_BODIES = [{}, {"n": None}, {"n": True}, {"n": "100"}, {"n": 1.5}, {"n": -1}, {"n": MAX_N + 1}, {"n": [1]}, [100]]


@pytest.fixture
def service(settings, api, db) -> APIClient:
    """The API with the addresses that SIMULATION=1 adds."""
    settings.ROOT_URLCONF = __name__
    settings.TAGGING_SIMULATED_MOD = 1_000_007
    return api


@pytest.fixture
def take(service):
    def take(n: int = 100) -> int:
        return service.post(f"/job/{n}").json()["job_id"]

    return take


def names_of_settings(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Print something of the settings under this environment, and nothing of a developer's .env."""
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    ours = {
        "DJANGO_SETTINGS_MODULE": "devlog_project.settings",
        "SECRET_KEY": "x",
        "OPENAI_API_KEY": "",
        "DATABASE_URL": "",
    }
    return subprocess.run(
        [PYTHON, "-c", f"from django.conf import settings; print({code})"],
        cwd=ROOT,
        env=inherited | ours | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# -- the work --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mod", [1, 2, 10, 1_000_007, 10**18 - 1])
def test_fast_doubling_gives_what_adding_gives(mod):
    a, b, expected = 0, 1, []
    for _ in range(300):
        expected.append(a % mod)
        a, b = b, a + b

    assert [fibonacci(n, mod) for n in range(300)] == expected


def test_the_largest_number_takes_no_time():
    began_at = time.perf_counter()

    result = fibonacci(MAX_N, 1_000_000_007)

    # Adding would take minutes.
    assert (result, time.perf_counter() - began_at < 1) == (21, True)


@pytest.mark.parametrize("n", [0, 1, 100, MAX_N])
def test_an_entry_carries_its_task(n):
    assert task_in(Task(n, 97).entry) == (n, 97)


@pytest.mark.parametrize(
    "entry",
    [
        "Django",
        "fibonacci 5",
        "fibonacci 5 mod 0",
        "fibonacci -5 mod 7",
        f"fibonacci {MAX_N + 1} mod 7",
        "fibonacci 5 mod 7 ok",
    ],
)
def test_other_entries_carry_none(entry):
    assert task_in(entry) is None


# -- its shapes ------------------------------------------------------------------------------------------------------


def test_a_job_is_taken_in_the_very_bytes_of_the_document(service):
    answer = service.post("/job/100")

    job = Job.objects.get()
    assert (answer.status_code, answer.content) == (200, b'{"status": "taken", "job_id": %d}' % job.pk)


def test_the_worker_side_takes_a_job_too(service):
    answer = service.post("/process", {"n": 100})

    job = Job.objects.get()
    assert (answer.status_code, answer.content) == (200, b'{"status": "taken", "job_id": %d}' % job.pk)


def test_a_new_job_is_pending_with_the_keys_of_the_document(service, take):
    number = take(100)

    answer = service.get(f"/job/{number}").json()

    assert list(answer) == KEYS
    assert (answer["job_id"], answer["status"], answer["input"], answer["mod"]) == (number, "pending", 100, 1_000_007)
    assert (answer["output"], answer["finished_time"], bool(answer["init_time"])) == (None, None, True)


def test_a_claimed_job_is_running(service, take):
    number = take()
    Job.objects.claim(1, owner="somebody", lease_seconds=60)

    assert service.get(f"/job/{number}").json()["status"] == "running"


def test_a_done_job_shows_what_the_worker_computed(service, take, run_jobs):
    number = take(100)
    run_jobs(SimulatedExtractor())

    answer = service.get(f"/job/{number}").json()

    assert (answer["status"], answer["output"]) == ("done", 354224848179261915075 % 1_000_007)
    assert answer["init_time"] <= answer["finished_time"]
    assert Attempt.objects.get().answer == {"output": answer["output"]}


def test_an_output_of_zero_is_an_output(service, take, run_jobs):
    number = take(0)
    run_jobs(SimulatedExtractor())

    assert service.get(f"/job/{number}").json()["output"] == 0


def test_a_job_whose_attempts_are_used_up_is_failed(service, take, run_jobs, settings):
    settings.TAGGING_MAX_ATTEMPTS = 1
    number = take()
    run_jobs(SimulatedExtractor(failure_rate=1))

    answer = service.get(f"/job/{number}").json()

    assert (answer["status"], answer["output"], bool(answer["finished_time"])) == ("failed", None, True)


def test_the_worker_side_shows_a_job_by_body_or_by_query(service, take):
    number = take()
    shown = service.get(f"/job/{number}").json()

    by_body = service.generic("GET", "/info", json.dumps({"id": number}), content_type="application/json")

    assert by_body.json() == service.get(f"/info?id={number}").json() == shown


@pytest.mark.parametrize("address", ["/list-all", "/all"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_list_shows_all_jobs_oldest_first_by_one_query(
    service, take, make_devlog, address, count, django_assert_num_queries
):
    numbers = [take(n) for n in range(count)]
    make_devlog("fibonacci heaps in Rust")

    with django_assert_num_queries(1):
        jobs = service.get(address).json()

    assert jobs == [service.get(f"/job/{number}").json() for number in numbers]


def test_a_job_keeps_the_modulus_it_was_taken_with(service, take, run_jobs, settings):
    number = take(10)
    settings.TAGGING_SIMULATED_MOD = 7
    run_jobs(SimulatedExtractor())

    answer = service.get(f"/job/{number}").json()

    assert (answer["mod"], answer["output"]) == (1_000_007, 55)


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", WRONG_TEXTS, ids=lambda text: text[:12])
def test_what_is_no_number_in_range_is_refused_in_an_address(service, text):
    assert_refused(service.post(f"/job/{text}"))


@pytest.mark.parametrize("body", WRONG_BODIES, ids=str)
def test_what_is_no_number_in_range_is_refused_in_a_body(service, body):
    assert_refused(service.post("/process", body))


def assert_refused(answer):
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["detail"] == "n must be a whole number from 0 to 1000000000."
    assert not Job.objects.exists()


@pytest.mark.parametrize("query", ["", "?id=", "?id=one"])
def test_who_asks_for_no_job_is_told_how(service, query):
    answer = service.get(f"/info{query}")

    assert (answer.status_code, "?id=1" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("address", ["/job/999999", "/job/abc", "/job/999999999999999999", "/info?id=999999"])
def test_a_job_that_is_not_there_is_not_found(service, address):
    answer = service.get(address)

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_dev_log_is_no_job(service, make_devlog):
    assert service.get(f"/job/{make_devlog().pk}").status_code == 404


def test_where_the_api_is_not_open_a_token_is_needed(service, settings):
    settings.API_OPEN = False

    assert service.post("/job/5").status_code == 401


def test_where_the_api_is_not_open_an_author_sees_their_own_jobs(service, take, settings, django_user_model):
    settings.API_OPEN = False
    mine, other = (django_user_model.objects.create_user(name) for name in ("mine", "other"))
    service.force_authenticate(mine)
    number = take()
    service.force_authenticate(other)

    assert (service.get(f"/job/{number}").status_code, service.get("/all").json()) == (404, [])


# -- the same queue --------------------------------------------------------------------------------------------------


def test_a_job_is_a_row_like_every_other_and_leaves_no_tag(service, take, run_jobs):
    number = take(12)
    run_jobs(SimulatedExtractor())

    assert (DevLog.objects.get(pk=number).entry, Tag.objects.exists()) == ("fibonacci 12 mod 1000007", False)


def test_a_failure_costs_its_job_an_attempt_and_the_queue_nothing(service, take, run_jobs, monkeypatch):
    monkeypatch.setattr("tagging.models.doubt.wait_after", lambda attempt: 60.0)
    numbers = [take(n) for n in range(20)]
    extractor = SimulatedExtractor(failure_rate=0.2, seed=2)
    run_jobs(extractor)

    states = Job.objects.filter(pk__in=numbers).values_list("state", "waiting_for", "attempts")
    assert set(states) == {("done", "", 1), ("pending", "retry", 1)}
    assert ProviderState.objects.current().is_clean


def test_what_another_extractor_answered_has_no_output(service, take, run_jobs):
    number = take()
    run_jobs(EmbeddedExtractor())

    answer = service.get(f"/job/{number}").json()

    assert (answer["status"], answer["output"]) == ("done", None)


# -- the switch ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/job/5", "/list-all", "/process", "/info", "/all"])
def test_without_the_switch_there_is_nothing(address):
    assert resolve(address).func is not_found


def test_the_switch_is_off_by_default():
    assert names_of_settings("settings.SIMULATION").stdout == "False\n"


def test_a_real_key_beside_it_is_refused_with_both_names(tmp_path):
    key = tmp_path / "key"
    key.write_text("sk-real\n")

    for secret in ({"OPENAI_API_KEY": "sk-real"}, {"OPENAI_API_KEY_FILE": str(key)}):
        refused = names_of_settings("settings.DEBUG", SIMULATION="1", **secret)

        assert refused.returncode == 1
        assert "SIMULATION and OPENAI_API_KEY are both set" in refused.stderr
        assert "sk-real" not in refused.stderr


def test_its_jobs_have_a_database_of_their_own_unless_one_is_named():
    name = "settings.DATABASES['default']['NAME']"

    real, simulated, named = (
        names_of_settings(name, **environment).stdout.strip()
        for environment in ({}, {"SIMULATION": "1"}, {"SIMULATION": "1", "DATABASE_URL": "sqlite:////tmp/x.sqlite3"})
    )

    assert (real, simulated) == (str(ROOT / "db.sqlite3"), str(ROOT / "db.sqlite3.simulation"))
    assert named == "/tmp/x.sqlite3"


def test_a_real_server_takes_a_job_and_its_worker_computes_it(tmp_path):
    with Site(tmp_path, SIMULATION="1", TAGGING_SIMULATED_MOD="1000", TAGGING_SIMULATED_DELAY_SECONDS="0.01") as site:
        site.migrate()
        server = site.serve("gunicorn").wait_until_it_answers()

        number = server.request("POST", "/process", {"n": 100}).json["job_id"]

        eventually(lambda: server.get(f"/info?id={number}").json["status"] == "done", "a done job", 60)
        assert server.request("GET", "/info", {"id": number}).json["output"] == 354224848179261915075 % 1000
        assert [job["job_id"] for job in server.get("/list-all").json] == [number]

"""`POST /api/v1/devlogs/{id}/tags/`: what a function elsewhere found, settled as the worker would."""

import json
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from devlogs import entries
from devlogs.models import DevLog
from tagging import queues
from tagging.extraction.base import Extractor
from tagging.models import Attempt, Job, ProviderState, Spending, Term
from tagging.models.attempt import digest_of
from tagging.models.term import taught_names
from tagging.remote import records as remote
from tests.support.entries import FOUNDING
from tests.support.results import DJANGO, result_for

CANARY = Extractor.canary
TOKEN = "a-token-of-thirty-two-characters"


@pytest.fixture(autouse=True)
def token(settings):
    settings.TAGGING_RESULTS_TOKEN = TOKEN


@pytest.fixture
def claimed(make_devlog):
    """Save a dev-log and claim its job, as the relay does before it sends the record."""

    def claim(entry: str = FOUNDING, **fields) -> Job:
        make_devlog(entry, **fields)
        (job,) = Job.objects.claim(1, owner="sqs", lease_seconds=60)
        return job

    return claim


def error_for(job: Job, code: str, **fields) -> dict:
    return result_for(job, error={"code": code, "detail": "A sentence.", **fields})


@pytest.fixture
def post(api, django_capture_on_commit_callbacks):
    def post(devlog_id: int, body, token: str = f"Bearer {TOKEN}"):
        headers = {"Authorization": token} if token else {}
        return api.post(f"/api/v1/devlogs/{devlog_id}/tags/", body, format="json", headers=headers)

    return post


def tags_of(devlog_id: int) -> list[str]:
    return [tagging.tag.name for tagging in DevLog.objects.get(pk=devlog_id).taggings.all()]


# -- an answer ---------------------------------------------------------------------------------------------------


def test_an_answer_is_stored_as_if_the_worker_had_found_it(claimed, post):
    job = claimed()

    answer = post(job.pk, result_for(job))

    assert (answer.status_code, answer.json()) == (200, {"state": "done"})
    assert tags_of(job.pk) == ["Django"]
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.number, attempt.source) == ("answered", 1, "openai:gpt-6-luna")
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cost) == (1000, 100, Decimal("0.00015"))
    assert Spending.objects.get().tokens == 1100
    tagging = attempt.taggings.get()
    assert (tagging.evidence, tagging.position) == (DJANGO["evidence"], FOUNDING.index("Django"))


def test_what_does_not_stand_in_the_stored_entry_is_no_tag(claimed, post):
    job = claimed()

    post(job.pk, result_for(job, technologies=[DJANGO, {"name": "COBOL", "evidence": "in COBOL"}, {"name": ""}]))

    assert tags_of(job.pk) == ["Django"]
    assert Attempt.objects.get().names_dropped == 2


def test_an_answer_is_known_to_the_ledger(claimed, post, settings):
    job = claimed()
    post(job.pk, result_for(job))
    queues.retag([job.pk])

    class Asking(Extractor):
        name, model, prompt_version = "openai", "gpt-6-luna", 1

    assert Attempt.objects.known_answers(Job.objects.claim(1, owner="x", lease_seconds=9), Asking()).keys() == {job.pk}


def test_the_same_answer_posted_again_changes_nothing(claimed, post):
    job = claimed()
    result = result_for(job)

    answers = [post(job.pk, result) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert tags_of(job.pk) == ["Django"]
    assert Attempt.objects.count() == 1
    assert Spending.objects.get().tokens == 1100


def test_an_answer_for_a_text_that_was_edited_meanwhile_is_refused(claimed, post, api):
    job = claimed()
    result = result_for(job)
    api.patch(f"/api/v1/devlogs/{job.pk}/", {"entry": "Wrote a Kafka consumer."}, format="json")

    answer = post(job.pk, result)

    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert tags_of(job.pk) == []
    assert Job.objects.get().state == "pending"


def test_it_is_refused_too_when_the_new_text_is_tagged_already(claimed, post, api, run_jobs):
    job = claimed()
    result = result_for(job)
    api.patch(f"/api/v1/devlogs/{job.pk}/", {"entry": "Wrote a Kafka consumer with Django."}, format="json")
    Job.objects.update(lease_expires_at=Now() - timedelta(seconds=1))  # the old text's result did not come
    Job.objects.recover()
    run_jobs()

    assert post(job.pk, result).status_code == 409
    assert tags_of(job.pk) == ["Apache Kafka", "Django"]


def test_an_answer_for_a_deleted_dev_log_is_a_success(claimed, post, api):
    job = claimed()
    result = result_for(job)
    api.delete(f"/api/v1/devlogs/{job.pk}/")

    assert post(job.pk, result).status_code == 204


def test_an_answer_that_comes_after_its_lease_is_taken_while_no_other_works_on_it(claimed, post):
    job = claimed()
    Job.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    Job.objects.recover()

    answer = post(job.pk, result_for(job))

    assert answer.json() == {"state": "done"}
    assert tags_of(job.pk) == ["Django"]
    assert list(Attempt.objects.values_list("number", "outcome")) == [(1, "lost"), (2, "answered")]


def test_an_answer_under_a_claim_that_another_has_now_is_refused(claimed, post):
    job = claimed()
    Job.objects.update(claim_token=uuid4(), claimed_by="another")

    assert post(job.pk, result_for(job)).status_code == 409
    assert Job.objects.get().claimed_by == "another"


# -- an error ----------------------------------------------------------------------------------------------------


def test_an_error_costs_an_attempt_and_the_job_is_tried_again(claimed, post):
    job = claimed()

    answer = post(job.pk, error_for(job, "bad_answer"))

    assert answer.json() == {"state": "pending"}
    job = Job.objects.get()
    assert (job.attempts, job.waiting_for, job.error) == (1, "retry", {"code": "bad_answer", "detail": "A sentence."})
    assert Spending.objects.get().tokens == 1100


def test_an_error_posted_again_costs_nothing_more(claimed, post):
    job = claimed()
    result = error_for(job, "bad_answer")
    post(job.pk, result)

    assert post(job.pk, result).status_code == 409
    assert Attempt.objects.count() == 1


@pytest.fixture
def answer_another(claimed, post):
    """Have another dev-log answered: so the fault of one that failed before is its own."""

    def answer() -> None:
        job = claimed()
        assert post(job.pk, result_for(job)).json() == {"state": "done"}

    return answer


def test_a_permanent_error_fails_the_job_once_another_is_answered(claimed, post, answer_another):
    job = claimed()

    assert post(job.pk, error_for(job, "refused", permanent=True)).json() == {"state": "pending"}
    answer_another()

    assert Job.objects.get(pk=job.pk).state == "failed"


def test_the_last_attempt_fails_the_job(claimed, post, settings, answer_another):
    settings.TAGGING_MAX_ATTEMPTS = 1
    job = claimed()

    post(job.pk, error_for(job, "timeout"))
    answer_another()

    assert Job.objects.get(pk=job.pk).state == "failed"


def test_the_result_of_a_canary_decides_about_a_lone_job(claimed, post):
    job = claimed()
    post(job.pk, error_for(job, "refused", permanent=True))
    canary = Job.canary(CANARY, ProviderState.objects.take_probe())

    assert post(canary.pk, result_for(canary)).json() == {"state": "done"}

    assert Job.objects.get().state == "failed"


def test_a_canary_that_fails_too_pauses_the_queue_and_costs_the_job_nothing(claimed, post):
    job = claimed()
    post(job.pk, error_for(job, "unreachable"))
    canary = Job.canary(CANARY, ProviderState.objects.take_probe())

    post(canary.pk, error_for(canary, "unreachable"))

    assert (Job.objects.get().attempts, ProviderState.objects.current().is_paused) == (0, True)
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("entry, is_probing", [("Heute Django benutzt.", False), ("Another text.", True)])
def test_the_result_of_a_canary_that_is_not_out_is_refused(claimed, post, entry, is_probing):
    job = claimed()
    post(job.pk, error_for(job, "unreachable"))
    began = ProviderState.objects.take_probe() if is_probing else timezone.now()
    canary = Job.canary(entry, began)

    assert post(canary.pk, result_for(canary)).status_code == 409
    assert Job.objects.get().in_doubt_since


def test_an_entry_edited_and_edited_back_is_tagged_anew_and_its_old_call_is_paid_for(claimed, post, api):
    job = claimed()
    result = result_for(job)
    for entry in ("Another.", FOUNDING):
        api.patch(f"/api/v1/devlogs/{job.pk}/", {"entry": entry}, format="json")

    assert post(job.pk, result).status_code == 409

    assert Job.objects.due().count() == 1
    assert Spending.objects.get().tokens == 1100


def test_a_late_answer_blames_nobody(claimed, post):
    late, failed = claimed(), claimed()
    Job.objects.filter(pk=late.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    Job.objects.recover()
    post(failed.pk, error_for(failed, "refused", permanent=True))

    assert post(late.pk, result_for(late)).json() == {"state": "done"}

    assert Job.objects.get(pk=failed.pk).in_doubt_since


def test_the_result_for_an_edited_entry_lets_its_new_text_go_ahead(claimed, post, api):
    job = claimed()
    result = result_for(job)
    api.patch(f"/api/v1/devlogs/{job.pk}/", {"entry": "Wrote a Kafka consumer."}, format="json")
    assert not Job.objects.due().exists()

    post(job.pk, result)

    assert Job.objects.due().count() == 1


def test_a_rate_limit_pauses_the_queue_and_costs_no_attempt(claimed, post):
    job = claimed()

    answer = post(job.pk, error_for(job, "rate_limited", waiting_for="rate_limit", retry_after=7))

    assert answer.json() == {"state": "pending"}
    job = Job.objects.get()
    assert (job.attempts, job.waiting_for) == (0, "rate_limit")
    assert ProviderState.objects.current().is_paused
    assert not Attempt.objects.exists()


def test_a_paid_answer_before_a_rate_limit_counts_towards_the_day_and_costs_no_attempt(claimed, post):
    job = claimed()

    post(job.pk, error_for(job, "rate_limited", waiting_for="rate_limit"))

    assert Job.objects.get().attempts == 0
    assert Spending.objects.get().tokens == 1100


def test_an_outage_opens_the_breaker_and_an_answer_closes_it(claimed, post):
    for _ in range(3):
        job = claimed()
        post(job.pk, error_for(job, "unreachable"))
    canary = Job.canary(CANARY, ProviderState.objects.take_probe())
    post(canary.pk, error_for(canary, "unreachable"))
    assert ProviderState.objects.current().is_paused

    ProviderState.objects.update(resume_at=Now() - timedelta(seconds=1))
    job = claimed()
    post(job.pk, result_for(job))

    assert ProviderState.objects.current().is_clean


# -- who may -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", f"Token {TOKEN}", f"Bearer {TOKEN}x", "Bearer ümlaut"]
)
def test_no_result_is_taken_without_the_token(claimed, post, header):
    job = claimed()

    answer = post(job.pk, result_for(job), header)

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert Job.objects.get().state == "running"


@pytest.mark.parametrize("header", ["", "Bearer ", f"Bearer {TOKEN}"])
def test_without_a_token_in_the_settings_nothing_is_taken(claimed, post, settings, header):
    settings.TAGGING_RESULTS_TOKEN = ""
    job = claimed()

    answer = post(job.pk, result_for(job), header)

    assert answer.status_code == 404
    assert "TAGGING_RESULTS_TOKEN" in answer.json()["detail"]


def test_the_token_opens_nothing_else(api, settings, make_devlog):
    settings.API_OPEN = False
    make_devlog()

    for method, path in (("get", "devlogs/"), ("get", "devlogs/1/"), ("post", "devlogs/"), ("get", "tags/")):
        answer = getattr(api, method)(f"/api/v1/{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 401, path


def test_a_users_token_or_session_does_not_open_results(claimed, post, api, django_user_model):
    api.force_login(django_user_model.objects.create_superuser("root"))
    job = claimed()

    assert post(job.pk, result_for(job), "").status_code == 401


# -- what is no result -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"technologies": None},
        {"technologies": ["Django"]},
        {"technologies": [{"evidence": "x"}]},
        {"technologies": [DJANGO] * 501},
        {"entry_digest": None},
        {"claim": "no uuid"},
        {"usage": {"input_tokens": -1}},
        {"extractor": ""},
        {"error": {"code": "bad_answer", "detail": "x"}, "technologies": []},
        {"error": {"code": "made_up", "detail": "x"}},
        {"error": {"code": "bad_answer", "detail": "x", "waiting_for": "budget"}},
        {"error": {"code": "bad_answer", "detail": "x", "retry_after": -1}},
    ],
)
def test_what_is_no_result_is_refused_and_the_claim_stays(claimed, post, wrong):
    job = claimed()

    answer = post(job.pk, result_for(job, **wrong))

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert Job.objects.get().state == "running"


def test_a_refusal_says_which_field_is_wrong(claimed, post):
    job = claimed()

    answer = post(job.pk, result_for(job, usage={"input_tokens": -1}))

    assert answer.json()["errors"] == {"usage.input_tokens": ["Input should be greater than or equal to 0"]}


def test_a_field_that_is_null_counts_as_left_out(claimed, post):
    job = claimed()

    assert post(job.pk, result_for(job, error=None, technologies=[DJANGO])).json() == {"state": "done"}


def test_a_result_without_technologies_or_error_is_refused(claimed, post):
    job = claimed()
    result = result_for(job)
    del result["technologies"]

    assert post(job.pk, result).status_code == 400


def test_a_body_beyond_the_limit_is_refused(claimed, post):
    job = claimed()

    assert post(job.pk, result_for(job, technologies=[{"name": "x" * 300_000}])).status_code == 413


def test_the_schema_knows_the_endpoint_and_its_token(api):
    schema = api.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()

    operation = schema["paths"]["/api/v1/devlogs/{id}/tags/"]["post"]
    assert operation["security"] == [{"resultsToken": []}]
    assert {"200", "204", "401", "409"} <= set(operation["responses"])
    assert schema["components"]["securitySchemes"]["resultsToken"] == {"type": "http", "scheme": "bearer"}


# -- the record --------------------------------------------------------------------------------------------------


def test_a_record_leaves_without_secrets_and_without_a_digest_to_guess_them_by(claimed, django_user_model):
    secret = "AKIA" + "A1B2C3D4E5F6G7H8"
    job = claimed(f"Set {secret} in the Django settings.", author=django_user_model.objects.create_user("grace"))

    record = remote.record_of(job)

    assert record["entry"] == "Set [redacted:aws_key] in the Django settings."
    assert set(record) == {"id", "entry", "entry_digest", "claim", "safety_identifier", "taught"}
    assert record["entry_digest"] != digest_of(job.devlog.entry)
    assert "grace" not in json.dumps(record)


def test_secrets_kept_back_are_counted_on_the_attempt(claimed, post):
    job = claimed("Set AKIA" + "A1B2C3D4E5F6G7H8 in the Django settings.")

    post(job.pk, result_for(job))

    assert Attempt.objects.get().redacted == {"aws_key": 1}


def test_a_record_carries_those_taught_names_that_stand_in_its_entry(claimed):
    Term.objects.create(name="Zorbase", aliases="zb")
    Term.objects.create(name="Quiddle")
    taught_names.refresh()

    assert remote.record_of(claimed("Moved zb to Django."))["taught"] == [{"name": "Zorbase", "also": ["zb"]}]
    assert remote.record_of(claimed("Wrote a Django view."))["taught"] == []


def test_a_result_for_an_entry_made_private_meanwhile_is_refused(claimed, post):
    job = claimed()
    result = result_for(job)
    entries.set_private([job.pk], is_private=True)
    Job.objects.update(state="pending", lease_expires_at=None, claim_token=None, run_after=Now(), started_at=Now())

    assert post(job.pk, result).status_code == 409
    assert not tags_of(job.pk)
    assert Spending.objects.get().tokens == result["usage"]["input_tokens"] + result["usage"]["output_tokens"]


def test_the_answer_for_a_cancelled_job_is_booked_once_however_often_it_comes(claimed, post):
    job = claimed()
    result = result_for(job)
    Job.objects.cancel([job.pk])

    answers = [post(job.pk, result).json() for _ in range(2)]

    assert answers == [{"state": "failed"}] * 2
    assert (tags_of(job.pk), Spending.objects.get().tokens) == ([], 1100)
    assert [(each.error_code, each.answer) for each in Attempt.objects.all()] == [("cancelled", None)]

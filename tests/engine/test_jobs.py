"""The job's transitions: who may move it where, and what stands afterwards."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tagging import queues
from tagging.models import Attempt, DevLogTag, Job, Tag
from tagging.models.tag import slug_of
from tests.support.jobs import answer, claim, expire_leases, failure, tags_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_state(make_devlog):
    """Make a job in any state by the transitions that lead there."""

    def make(state):
        job = make_devlog().job
        if state != "pending":
            (job,) = claim()
        if state == "done":
            Job.objects.complete([answer(job, "Django")])
        if state == "failed":
            Job.objects.discard(failure(job))
        return job

    return make


EVENTS = {
    "claim": lambda job: claim(),
    "complete": lambda job: Job.objects.complete([answer(job, "Redis")]),
    "retry": lambda job: Job.objects.retry(failure(job), wait_seconds=60),
    "discard": lambda job: Job.objects.discard(failure(job)),
    "release": lambda job: Job.objects.release([job]),
    "recover": lambda job: Job.objects.recover({"me"}),
    "enqueue": lambda job: Job.objects.enqueue([job.pk]),
}


@pytest.mark.parametrize(
    "state, event, after",
    [
        ("pending", "claim", "running"),
        ("pending", "complete", "pending"),
        ("pending", "retry", "pending"),
        ("pending", "discard", "pending"),
        ("pending", "release", "pending"),
        ("pending", "recover", "pending"),
        ("pending", "enqueue", "pending"),
        ("running", "claim", "running"),
        ("running", "complete", "done"),
        ("running", "retry", "pending"),
        ("running", "discard", "failed"),
        ("running", "release", "pending"),
        ("running", "recover", "pending"),
        ("running", "enqueue", "pending"),
        ("done", "claim", "done"),
        ("done", "complete", "done"),
        ("done", "retry", "done"),
        ("done", "discard", "done"),
        ("done", "release", "done"),
        ("done", "recover", "done"),
        ("done", "enqueue", "pending"),
        ("failed", "claim", "failed"),
        ("failed", "complete", "failed"),
        ("failed", "retry", "failed"),
        ("failed", "discard", "failed"),
        ("failed", "release", "failed"),
        ("failed", "recover", "failed"),
        ("failed", "enqueue", "pending"),
    ],
)
def test_each_event_moves_each_state_only_where_the_table_says(in_state, state, event, after):
    job = in_state(state)
    attempts_made = Attempt.objects.count()

    EVENTS[event](job)

    fresh = Job.objects.get(pk=job.pk)
    assert fresh.state == after
    if after == state and event != "enqueue":
        assert (fresh.attempts, Attempt.objects.count()) == (job.attempts, attempts_made)


def test_a_claim_takes_no_more_than_asked_and_the_oldest_first(make_devlog):
    made = [make_devlog().pk for _ in range(3)]

    assert [job.pk for job in claim(limit=2)] == made[:2]


def test_a_claim_takes_interactive_work_before_bulk_work(make_devlog):
    bulk, interactive = make_devlog(), make_devlog()
    Job.objects.enqueue([bulk.pk], priority=1)

    assert [job.pk for job in claim(limit=1)] == [interactive.pk]


def test_a_claim_counts_an_attempt_and_writes_token_owner_and_lease(make_devlog):
    make_devlog()

    (claimed,) = claim(owner="host-1", lease_seconds=60)

    job = Job.objects.get()
    assert (job.attempts, job.claimed_by, job.fence) == (1, "host-1", claimed.fence)
    assert job.lease_expires_at - job.started_at == timedelta(seconds=60)


def test_a_job_is_not_due_before_its_time(make_devlog):
    make_devlog()
    (job,) = claim()
    Job.objects.retry(failure(job), wait_seconds=60)

    assert claim() == []


def test_tags_and_done_come_together_with_the_attempt_that_found_them(make_devlog):
    devlog = make_devlog()
    (job,) = claim()

    assert Job.objects.complete([answer(job, "Django", "Redis")]) == {job.fence}

    attempt = Attempt.objects.get()
    assert [(row.tag.name, row.attempt, row.evidence) for row in devlog.taggings.all()] == [
        ("Django", attempt, "with Django"),
        ("Redis", attempt, "with Redis"),
    ]


def test_many_answers_are_settled_in_as_many_queries_as_three(make_devlog, django_assert_max_num_queries):
    for count in (3, 30):
        for _ in range(count):
            make_devlog()
        answers = [answer(job, "Django", "Redis") for job in claim(limit=count)]
        with django_assert_max_num_queries(12):
            assert len(Job.objects.complete(answers)) == count


def test_a_late_worker_cannot_settle_a_job_it_lost(make_devlog):
    devlog = make_devlog()
    (late,) = claim(owner="late")
    expire_leases()
    Job.objects.recover()
    (current,) = claim(owner="current")

    settled = Job.objects.complete([answer(late, "Wrong")])

    assert settled == set()
    assert Job.objects.get().claim_token == current.claim_token
    assert tags_of(devlog) == []


@pytest.mark.parametrize(
    "settle",
    [
        lambda job: Job.objects.complete([answer(job, "Wrong")]),
        lambda job: Job.objects.retry(failure(job), wait_seconds=60),
        lambda job: Job.objects.discard(failure(job)),
        lambda job: Job.objects.release([job]),
        lambda job: Job.objects.renew([job.pk], owner="late", lease_seconds=6000),
    ],
    ids=["complete", "retry", "discard", "release", "renew"],
)
def test_a_late_worker_changes_nothing_of_its_successors_claim(make_devlog, settle):
    make_devlog()
    (late,) = claim(owner="late")
    expire_leases()
    Job.objects.recover()
    claim(owner="current")
    before = Job.objects.values().get()

    assert not settle(late)

    assert Job.objects.values().get() == before


def test_a_claim_in_the_same_group_does_not_lend_its_token_to_a_lost_one(make_devlog):
    edited, _ = make_devlog(), make_devlog()
    old, _ = claim()
    Job.objects.enqueue([edited.pk])
    (new,) = claim()

    assert Job.objects.complete([answer(old, "Wrong"), answer(new, "Right")]) == {new.fence}
    assert tags_of(edited) == ["Right"]


def test_an_entry_edited_while_it_runs_is_not_given_the_old_tags(make_devlog):
    devlog = make_devlog("Wrote a Django view.")
    (job,) = claim()
    devlog.entry = "Cached it in Redis."
    devlog.save()
    queues.enqueue_again(devlog)

    Job.objects.complete([answer(job, "Django")])

    assert (Job.objects.get().shown_state, tags_of(devlog)) == ("pending", [])


def test_an_entry_edited_while_it_runs_is_not_claimed_beside_its_old_call(make_devlog):
    devlog = make_devlog("Wrote a Django view.")
    (old,) = claim()
    queues.enqueue_again(devlog)

    assert claim() == []
    Job.objects.release(Job.objects.all())
    (new,) = claim()
    assert (new.attempts, new.claim_token != old.claim_token) == (1, True)


def test_an_entry_edited_while_it_runs_at_a_process_that_dies_costs_no_attempt(make_devlog):
    devlog = make_devlog("Wrote a Django view.")
    claim(owner="dead")
    queues.enqueue_again(devlog)

    Job.objects.recover({"dead"})

    assert (Job.objects.get().state, Job.objects.get().attempts, Attempt.objects.count()) == ("pending", 0, 0)


def test_an_answer_for_a_deleted_devlog_is_dropped(make_devlog):
    devlog = make_devlog()
    (job,) = claim()
    devlog.delete()

    assert Job.objects.complete([answer(job, "Django")]) == set()
    assert not DevLogTag.objects.exists()


def test_a_second_tagging_replaces_the_first_but_not_a_persons_tag(make_devlog, admin_user):
    devlog = make_devlog()
    (job,) = claim()
    Job.objects.complete([answer(job, "Django", "Redis")])
    DevLogTag.objects.create(
        devlog=devlog, tag=Tag.objects.create(name="Mine", slug="mine"), person=admin_user, position=9
    )
    queues.retag([devlog.pk])
    (job,) = claim()

    Job.objects.complete([answer(job, "Redis", "Celery")])

    assert tags_of(devlog) == ["Redis", "Celery", "Mine"]


def test_a_tag_a_person_set_keeps_its_source_when_an_attempt_finds_it_too(make_devlog, admin_user):
    devlog = make_devlog()
    DevLogTag.objects.create(devlog=devlog, tag=Tag.objects.create(name="Redis", slug="redis"), person=admin_user)
    (job,) = claim()

    Job.objects.complete([answer(job, "Redis")])

    assert [row.source for row in devlog.taggings.all()] == ["person"]


def test_a_released_job_has_its_attempt_refunded_and_says_whom_it_waits_for(make_devlog):
    make_devlog()
    jobs = claim()

    Job.objects.release(jobs, waiting_for="rate_limit")

    job = Job.objects.get()
    assert (job.attempts, job.waiting_for, job.run_after) == (0, "rate_limit", job.queued_at)


def test_renewing_pushes_out_only_the_claims_that_stand(make_devlog):
    lost, kept = make_devlog(), make_devlog()
    jobs = claim(lease_seconds=1)
    Job.objects.enqueue([lost.pk])

    assert Job.objects.renew([job.pk for job in jobs], owner="me", lease_seconds=600) == 1
    assert Job.objects.get(pk=kept.pk).lease_expires_at > timezone.now() + timedelta(seconds=300)


def test_a_live_claim_is_not_taken_back(make_devlog):
    make_devlog()
    claim(owner="alive")

    assert Job.objects.recover({"dead"}) == []


def test_an_expired_lease_is_taken_back(make_devlog):
    devlog = make_devlog()
    claim()
    expire_leases()

    assert Job.objects.recover() == [devlog.pk]


def test_a_first_loss_is_due_at_once_and_noted_in_the_timeline(make_devlog):
    make_devlog()
    claim(owner="dead")

    Job.objects.recover({"dead"})

    assert [(attempt.outcome, attempt.error_code) for attempt in Attempt.objects.all()] == [("lost", "worker_lost")]
    assert len(claim()) == 1


@pytest.mark.parametrize("back", [lambda job: Job.objects.recover({"me"}), lambda job: Job.objects.release([job])])
def test_a_job_that_was_lost_or_given_back_keeps_its_place_in_the_line(make_devlog, back):
    first = make_devlog()
    (job,) = claim()
    make_devlog()

    back(job)

    assert [job.pk for job in claim(limit=1)] == [first.pk]


def test_a_poison_job_ends_failed_once_its_attempts_are_used_up(make_devlog, settings):
    settings.TAGGING_BACKOFF_SECONDS = 0
    make_devlog()
    for _ in range(settings.TAGGING_MAX_ATTEMPTS):
        claim(owner="dead")
        Job.objects.recover({"dead"})

    job = Job.objects.get()
    assert (job.state, job.error_code, job.attempts) == ("failed", "worker_lost", 5)


def test_enqueueing_again_starts_the_attempts_anew_and_keeps_the_timeline(in_state):
    job = in_state("failed")

    queues.retag([job.pk])

    fresh = Job.objects.get()
    assert (fresh.state, fresh.attempts, fresh.error, fresh.timeline.count()) == ("pending", 0, None, 1)


@pytest.mark.parametrize("bad", [{"state": "done"}, {"run_after": None}, {"lease_expires_at": timezone.now()}])
def test_the_database_refuses_a_job_in_two_states_at_once(make_devlog, bad):
    make_devlog()

    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.update(**bad)


@pytest.mark.parametrize(
    "name, slug",
    [
        ("Django", "django"),
        ("django", "django"),
        ("C", "c"),
        ("C++", "c-plus-plus"),
        ("C#", "c-sharp"),
        (".NET", "dot-net"),
        ("Node.js", "nodejs"),
        ("Übersicht", "übersicht"),
    ],
)
def test_a_slug_tells_technologies_apart_and_spellings_not(name, slug):
    assert slug_of(name) == slug


def test_a_name_without_letters_still_has_a_slug():
    assert slug_of("!!!") != slug_of("???")

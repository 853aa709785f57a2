"""What people do on the queue's page: pause, resume, and retry all that failed alike."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from tagging.models import Job, QueuePause
from tests.devlogs.admin_pages import GERMAN, REFUSED, in_german, message_of, words
from tests.support.extractors import Paid

pytestmark = pytest.mark.django_db

QUEUE = "/admin/queue/"
RETRY = f"{QUEUE}retry/?code=refused"


@pytest.fixture
def operator(client):
    user = User.objects.create(username="operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_job", "operate_queue"]))
    client.force_login(user)
    return client


@pytest.fixture
def failed(make_devlog, run_jobs):
    devlogs = [make_devlog() for _ in range(3)]
    run_jobs(REFUSED)
    return devlogs


def states():
    return [job.state for job in Job.objects.order_by("pk")]


def logged():
    return [(entry.user.username, entry.object_repr) for entry in LogEntry.objects.order_by("pk")]


def test_an_operator_pauses_the_queue_and_says_why(operator):
    answer = operator.post(f"{QUEUE}pause/", {"reason": "too dear"}, follow=True)

    pause = QueuePause.objects.current()
    assert (pause.who, pause.reason, logged()) == (
        "operator",
        "too dear",
        [("operator", "Paused the queue: too dear")],
    )
    assert "The queue is paused." in message_of(answer)
    assert 'action="/admin/queue/resume/"' in answer.content.decode()


def test_and_resumes_it(operator):
    QueuePause.objects.pause()

    answer = operator.post(f"{QUEUE}resume/", follow=True)

    assert (QueuePause.objects.current(), message_of(answer)) == (None, "The queue goes on.")
    assert logged() == [("operator", "Resumed the queue.")]


def test_what_is_noted_is_in_the_language_of_who_did_it(operator):
    told = {"Paused the queue: %(reason)s": "Angehalten: %(reason)s", "Paused the queue.": "Angehalten."}
    with in_german({**told, "Resumed the queue.": "Fortgesetzt."}):
        for reason in ("", "100 % too dear"):
            operator.post(f"{QUEUE}pause/", {"reason": reason}, headers=GERMAN)
            operator.post(f"{QUEUE}resume/", headers=GERMAN)

    assert [what for _, what in logged()] == [
        "Angehalten.",
        "Fortgesetzt.",
        "Angehalten: 100 % too dear",
        "Fortgesetzt.",
    ]


def test_what_was_done_already_is_said_and_not_logged(operator):
    resumed = operator.post(f"{QUEUE}resume/", follow=True)
    QueuePause.objects.pause(reason="first")
    paused = operator.post(f"{QUEUE}pause/", {"reason": "second"}, follow=True)

    told = [message_of(answer) for answer in (resumed, paused)]
    assert told == ["The queue was not paused.", "The queue was paused already."]
    assert (QueuePause.objects.current().reason, logged()) == ("first", [])


@pytest.mark.parametrize("reason", ["x" * 100_000, "\x00", "\u202e\n\x1b[2J"])
def test_any_reason_is_taken(operator, reason):
    assert operator.post(f"{QUEUE}pause/", {"reason": reason}).status_code == 302
    assert len(QueuePause.objects.current().reason) <= 200
    assert QueuePause.objects.current().reason.isprintable()
    assert operator.get(QUEUE).status_code == 200


@pytest.mark.parametrize("permissions", [("view_job",), ("view_job", "change_job", "change_providerstate")])
@pytest.mark.parametrize("address", [f"{QUEUE}pause/", f"{QUEUE}resume/", RETRY])
def test_who_may_only_look_can_do_none_of_it(client, failed, address, permissions):
    user = User.objects.create(username="viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    was_paused = "resume" in address
    if was_paused:
        QueuePause.objects.pause()

    assert client.post(address, {"post": "yes"}).status_code == 403
    assert (QueuePause.objects.exists(), states()) == (was_paused, ["failed"] * 3)


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_a_link_changes_nothing(operator, name):
    assert operator.get(f"{QUEUE}{name}/").status_code == 405


@pytest.mark.parametrize("address", [f"{QUEUE}pause/", f"{QUEUE}resume/", RETRY])
def test_a_form_of_another_site_changes_nothing(admin_user, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)

    assert client.post(address, {"post": "yes"}).status_code == 403
    assert not QueuePause.objects.exists()


# -- retry -------------------------------------------------------------------------------------------------------


def test_to_retry_asks_first_with_count_and_cost(operator, failed, settings):
    settings.TAGGING_EXTRACTOR = f"{Paid.__module__}.{Paid.__qualname__}"

    answer = operator.post(RETRY)

    said = words(answer.content.decode())
    assert "These will be tagged again, each by a new call" in said
    assert ("Dev-logs: 3" in said, "$" in said, states()) == (True, True, ["failed"] * 3)


def test_then_all_that_failed_so_are_queued_again_behind_what_people_write(operator, failed, make_devlog):
    other = make_devlog()
    Job.objects.filter(pk=other.pk).update(state="failed", run_after=None, error_code="timeout")

    operator.post(RETRY, {"post": "yes"})

    assert states() == ["pending"] * 3 + ["failed"]
    assert set(Job.objects.filter(state="pending").values_list("priority", flat=True)) == {Job.Priority.BULK}
    assert [what.partition(":")[0] for _, what in logged()] == ["Failed dev-logs queued to be tagged again"]


def test_to_retry_twice_does_no_harm(operator, failed):
    operator.post(RETRY, {"post": "yes"})

    operator.post(RETRY, {"post": "yes"})

    assert states() == ["pending"] * 3


def test_what_failed_after_the_question_is_left_out(operator, failed):
    asked = operator.post(RETRY)
    newest = asked.content.decode().partition('name="newest" value="')[2].partition('"')[0]
    Job.objects.filter(pk=failed[-1].pk).update(state="done", error_code="")

    operator.post(RETRY, {"post": "yes", "newest": str(int(newest) - 1)})

    assert states() == ["pending", "pending", "done"]


def test_the_way_back_from_the_question_leads_to_the_page(operator):
    assert operator.get(RETRY).headers["Location"] == QUEUE


@pytest.mark.parametrize("code", ["", "nonsense", "<script>"])
def test_a_code_that_is_none_is_not_found(operator, code):
    assert operator.post(f"{QUEUE}retry/", query_params={"code": code}).status_code == 404

"""The admin of dev-logs: what saving, deleting and the actions leave behind."""

import pytest
from django.contrib.auth.models import Permission, User

from devlogs.admin import devlogs as devlogs_admin
from devlogs.models import DevLog
from tagging.models import Attempt, DevLogTag, Job
from tests.devlogs.admin_pages import DEVLOGS, REFUSED, Answer, act, message_of, save, states
from tests.support.jobs import failure, portions_of

pytestmark = pytest.mark.django_db


# -- Saving ----------------------------------------------------------------------------------------------------------


def test_a_new_devlog_is_saved_with_its_job(admin_client, admin_user):
    admin_client.post(f"{DEVLOGS}add/", {"entry": "Wrote Django.", "author": admin_user.pk})

    devlog = DevLog.objects.get()
    assert (devlog.entry, devlog.author, devlog.job.state) == ("Wrote Django.", admin_user, "pending")


def test_newlines_are_stored_as_lf_and_white_space_is_kept(admin_client):
    admin_client.post(f"{DEVLOGS}add/", {"entry": "\r\n  one\r\n\ttwo \r\n", "author": ""})

    assert DevLog.objects.get().entry == "\n  one\n\ttwo \n"


def test_an_edited_entry_loses_the_tags_of_the_old_one_and_is_queued(admin_client, make_tagged):
    devlog = make_tagged("Django")

    save(admin_client, devlog, entry="Wrote Redis")

    devlog.refresh_from_db()
    assert (devlog.entry, devlog.job.state, devlog.tags.count()) == ("Wrote Redis", "pending", 0)


@pytest.mark.parametrize("entry", ["one\ntwo", "\n  one\n\n\ttwo \n", "one\r\ntwo\r", "one\rtwo"])
def test_an_untouched_entry_stays_as_it_is_and_is_not_queued(admin_client, admin_user, make_devlog, run_jobs, entry):
    devlog = make_devlog(entry)
    run_jobs(Answer())

    save(admin_client, devlog, author=admin_user.pk)

    devlog.refresh_from_db()
    assert (devlog.entry, devlog.author, devlog.job.state) == (entry, admin_user, "done")


def test_a_devlog_without_a_job_gets_one_when_its_entry_is_edited(admin_client):
    devlog = DevLog.objects.create(entry="Made by hand.")

    save(admin_client, devlog, entry="Edited by hand.")

    assert states() == {devlog.pk: "pending"}


@pytest.mark.parametrize(
    "entry, message",
    [
        ("", "Write something first: an entry cannot be empty."),
        (" \r\n\t", "Write something first: an entry cannot be empty."),
        ("a\x00b", "Null characters are not allowed."),
        ("a" * 20_001, "An entry has at most 20000 characters; this one has 20001. Save it in parts."),
    ],
)
def test_an_entry_that_the_api_refuses_is_refused_here(admin_client, entry, message):
    response = admin_client.post(f"{DEVLOGS}add/", {"entry": entry, "author": ""})

    assert response.context["adminform"].errors["entry"] == [message]
    assert DevLog.objects.count() == 0


def test_an_unpaired_surrogate_is_refused():
    form = devlogs_admin.DevLogForm({"entry": "a\ud800b"})

    assert form.errors["entry"] == ["Surrogate characters are not allowed: U+D800."]


def test_the_longest_entry_may_have_newlines(admin_client):
    admin_client.post(f"{DEVLOGS}add/", {"entry": "a\r\n" * 10_000, "author": ""})

    assert len(DevLog.objects.get().entry) == 20_000


# -- Deleting --------------------------------------------------------------------------------------------------------


def test_a_devlog_is_deleted_with_all_that_belongs_to_it(admin_client, make_tagged):
    devlog = make_tagged("Django")

    admin_client.post(f"{DEVLOGS}{devlog.pk}/delete/", {"post": "yes"})

    assert [model.objects.count() for model in (DevLog, Job, Attempt, DevLogTag)] == [0, 0, 0, 0]


def test_devlogs_are_deleted_in_bulk_from_a_list_filtered_by_their_jobs_state(admin_client, make_tagged, make_devlog):
    done = [make_tagged("Django"), make_tagged("Redis")]
    pending = make_devlog()

    act(admin_client, "delete_selected", done, "?job__state__exact=done", post="yes")

    assert list(DevLog.objects.all()) == [pending]
    assert states() == {pending.pk: "pending"}


def test_the_question_before_a_deletion_names_the_first_devlogs_and_counts_the_rest(
    admin_client, make_devlog, monkeypatch
):
    monkeypatch.setattr(devlogs_admin, "NAMED", 1)
    devlogs = [make_devlog("One."), make_devlog("Two."), make_devlog("Three.")]

    page = act(admin_client, "delete_selected", devlogs)

    assert page.context["deletable_objects"] == [["Three.", "… and 2 more"]]


# -- Actions ---------------------------------------------------------------------------------------------------------


def test_tag_again_queues_the_selected_and_keeps_their_tags_meanwhile(admin_client, make_tagged):
    chosen, other = make_tagged("Django"), make_tagged("Redis")

    response = act(admin_client, "tag_again", [chosen], post="yes")

    assert message_of(response).startswith("Dev-logs queued to be tagged again: 1.")
    assert states() == {chosen.pk: "pending", other.pk: "done"}
    assert chosen.tags.count() == 1


def test_tag_again_gives_a_job_to_a_devlog_that_has_none(admin_client):
    devlog = DevLog.objects.create(entry="Made by hand.")

    act(admin_client, "tag_again", [devlog], post="yes")

    assert states() == {devlog.pk: "pending"}


def test_retry_failed_leaves_the_selected_alone_that_did_not_fail(admin_client, make_devlog, run_jobs, make_tagged):
    failed = make_devlog()
    run_jobs(REFUSED)
    done = make_tagged("Django")

    response = act(admin_client, "retry_failed", [failed, done], post="yes")

    assert message_of(response).startswith("Failed dev-logs queued to be tagged again: 1.")
    assert states() == {failed.pk: "pending", done.pk: "done"}


def test_an_action_on_a_whole_list_works_in_batches_and_stays_within_its_filter(
    admin_client, make_devlog, run_jobs, monkeypatch
):
    portions_of(2, monkeypatch)
    failed = [make_devlog() for _ in range(5)]
    for job in Job.objects.claim(5, owner="me", lease_seconds=60):
        Job.objects.discard(failure(job))
    done = make_devlog()
    run_jobs(Answer())

    response = act(admin_client, "tag_again", failed[:1], "?job__state__exact=failed", select_across="1", post="yes")

    assert message_of(response).startswith("Dev-logs queued to be tagged again: 5.")
    assert states() == {devlog.pk: "pending" for devlog in failed} | {done.pk: "done"}


def test_who_may_only_view_devlogs_has_no_actions(client, make_devlog):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_devlog"))
    client.force_login(viewer)
    make_devlog()

    response = client.get(DEVLOGS)

    assert response.status_code == 200
    assert response.context["action_form"] is None

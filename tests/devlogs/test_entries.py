"""Writing, editing and removing a dev-log with its job, and the rules of an entry wherever it comes from."""

import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from devlogs import entries
from devlogs.models import DevLog
from devlogs.views import DevLogViewSet
from tagging import queues
from tagging.models import Attempt, DevLogTag, Job, sql
from tests.devlogs.admin_pages import Answer, change_page, states
from tests.support.waiting import beside

pytestmark = pytest.mark.django_db

REFUSED = [
    ("", "This field may not be blank."),
    (" \n\t\u00a0", "This field may not be blank."),
    ("x" * 20_001, "Ensure this field has no more than 20000 characters."),
    ("a\x00b", "Null characters are not allowed."),
    ("a\ud800b", "Surrogate characters are not allowed: U+D800."),
]


def write(entry="Wrote a Django app.", **options):
    devlog = DevLog(entry=entry)
    entries.write(devlog, **options)
    return devlog


# -- The rules -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry, message", REFUSED)
def test_a_bad_entry_is_refused_by_the_model(entry, message):
    with pytest.raises(ValidationError) as refused:
        DevLog(entry=entry).full_clean()

    assert refused.value.message_dict == {"entry": [message]}


@pytest.mark.parametrize("entry, message", REFUSED)
def test_the_api_says_the_same_of_a_bad_entry(api, entry, message):
    body = json.dumps({"entry": entry})

    response = api.generic("POST", "/api/v1/devlogs/", body, content_type="application/json")

    assert response.json()["errors"] == {"entry": [message]}


@pytest.mark.parametrize("entry, message", REFUSED)
def test_a_bad_entry_is_neither_written_nor_edited(entry, message):
    devlog = write("Wrote a Django app.")
    devlog.entry = entry

    for save in (
        lambda: entries.write(DevLog(entry=entry)),
        lambda: entries.write_many([DevLog(entry="Good."), DevLog(entry=entry)]),
        lambda: entries.edit(devlog, ["entry"]),
    ):
        with pytest.raises(ValidationError, match="entry"):
            save()

    assert DevLog.objects.get().entry == "Wrote a Django app."


# -- Writing ---------------------------------------------------------------------------------------------------------


def test_a_devlog_is_written_with_its_job():
    devlog = write()

    assert (DevLog.objects.get(), states()) == (devlog, {devlog.pk: "pending"})


def test_a_devlog_is_written_at_its_own_time_and_its_job_waits_from_now_on():
    at = datetime(2020, 1, 1, tzinfo=UTC)

    entries.write(devlog := DevLog(entry="Wrote a Django app.", created_at=at))

    assert (devlog.created_at, DevLog.objects.get().created_at) == (at, at)
    assert Job.objects.get().queued_at.year > 2020


def test_an_author_that_is_not_saved_is_refused_and_nothing_is_written():
    with pytest.raises(ValueError, match="saved author"):
        entries.write(DevLog(entry="Wrote a Django app.", author=User(username="unsaved")))

    assert not DevLog.objects.exists()


def test_many_are_written_with_their_jobs_behind_what_people_wait_for():
    many = [DevLog(entry=f"No. {number}.") for number in range(3)]

    entries.write_many(many)
    just_written = write()

    assert [job.pk for job in Job.objects.due()] == [just_written.pk, *(devlog.pk for devlog in many)]


@pytest.mark.parametrize("count", [1, 20])
def test_many_take_as_many_queries_as_one(count, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        entries.write_many([DevLog(entry=f"No. {number}.") for number in range(count)])


# -- Editing ---------------------------------------------------------------------------------------------------------


def test_an_edit_writes_only_what_it_names(admin_user):
    seen = write("Wrote a Django app.")
    DevLog.objects.filter(pk=seen.pk).update(entry="Cached it in Redis.")
    seen.author = admin_user

    assert entries.edit(seen, ["author"]) is False
    assert DevLog.objects.values_list("entry", "author").get() == ("Cached it in Redis.", admin_user.pk)


def test_an_edit_that_leaves_the_entry_as_it_is_asks_for_no_tags(run_jobs):
    devlog = write()
    run_jobs(Answer())

    assert entries.edit(devlog, ["entry"]) is False
    assert states() == {devlog.pk: "done"}


def test_an_edited_entry_is_compared_with_the_row_not_with_what_was_seen(run_jobs):
    seen = write("Wrote a Django app.")
    DevLog.objects.filter(pk=seen.pk).update(entry="Cached it in Redis.")
    run_jobs(Answer("Redis"))

    assert entries.edit(seen, ["entry"]) is True
    assert (states(), DevLogTag.objects.count()) == ({seen.pk: "pending"}, 0)


def test_what_was_deleted_meanwhile_cannot_be_edited():
    devlog = write()
    entries.remove([devlog.pk])

    with pytest.raises(DevLog.DoesNotExist):
        entries.edit(devlog, ["entry"])


@pytest.mark.parametrize("body", [{"entry": "Cached it in Redis."}, {}])
def test_the_api_answers_404_for_what_was_deleted_meanwhile(api, monkeypatch, body):
    devlog = write()
    seen = DevLogViewSet.get_object

    def seen_before_the_deletion(view):
        shown = seen(view)
        entries.remove([shown.pk])
        return shown

    monkeypatch.setattr(DevLogViewSet, "get_object", seen_before_the_deletion)

    assert api.patch(f"/api/v1/devlogs/{devlog.pk}/", body).status_code == 404


def test_the_admin_answers_404_for_what_was_deleted_meanwhile(admin_client, monkeypatch):
    devlog = write()
    edit = entries.edit

    def edit_after_a_deletion(shown, fields):
        entries.remove([shown.pk])
        return edit(shown, fields)

    monkeypatch.setattr(entries, "edit", edit_after_a_deletion)

    assert admin_client.post(change_page(devlog), {"entry": "Cached it in Redis.", "author": ""}).status_code == 404


# -- Removing --------------------------------------------------------------------------------------------------------


def test_what_is_removed_leaves_nothing_behind(make_tagged):
    gone, stays = make_tagged("Django"), make_tagged("Redis")

    entries.remove([gone.pk])

    assert [list(model.objects.values_list("pk", flat=True)) for model in (DevLog, Job)] == [[stays.pk]] * 2
    assert [model.objects.count() for model in (Attempt, DevLogTag)] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_an_edit_and_a_removal_at_the_same_time_do_not_wait_for_each_other_for_ever(monkeypatch):
    devlog = write("Wrote a Django app.")
    enqueue_again, results = queues.enqueue_again, []

    def enqueue_again_beside_a_removal(edited):
        results.append(beside(lambda: entries.remove([edited.pk])))
        enqueue_again(edited)

    monkeypatch.setattr(queues, "enqueue_again", enqueue_again_beside_a_removal)
    devlog.entry = "Cached it in Redis."
    entries.edit(devlog, ["entry"])
    results[0]()

    assert not DevLog.objects.exists()


def test_no_table_that_points_at_a_dev_log_is_forgotten_when_one_is_removed():
    """The deletion is written by hand: who adds a table adds a statement."""
    deleted = {statement.split()[2] for statement in sql.DELETE_DEVLOGS}

    pointing, seen = [DevLog], set()
    while pointing:
        model = pointing.pop()
        seen.add(model._meta.db_table)
        cascades = [one for one in model._meta.related_objects if getattr(one, "on_delete", None) is models.CASCADE]
        pointing += [one.related_model for one in cascades if one.related_model._meta.db_table not in seen]

    assert deleted == seen

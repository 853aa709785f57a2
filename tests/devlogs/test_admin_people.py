"""Deleting a person in the admin, with all they wrote."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from knox.models import AuthToken

from devlogs import entries
from devlogs.models import DevLog
from tagging.models import DevLogTag, Job, Removal, Tag
from tests.devlogs.admin_pages import message_of, words
from tests.support.jobs import answer, claim, portions_of

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/user/"
NOT_ONESELF = "Nobody deletes their own account: have another person do it. Nothing was deleted."


@pytest.fixture
def anna():
    return User.objects.create_user("anna")


@pytest.fixture
def bert():
    return User.objects.create_user("bert")


def delete_page(person):
    return f"{USERS}{person.pk}/delete/"


def delete_chosen(client, people, **more):
    form = {"action": "delete_selected", "_selected_action": [person.pk for person in people], **more}
    return client.post(USERS, form, follow=True)


def test_a_person_is_deleted_with_dev_logs_tags_and_tokens(admin_client, anna, bert, make_tagged):
    for _ in range(3):
        make_tagged("Django", author=anna)
    kept = make_tagged("Redis", author=bert)
    AuthToken.objects.create(anna)

    response = admin_client.post(delete_page(anna), {"post": "yes"}, follow=True)

    assert message_of(response) == "Dev-logs deleted with their authors: 3."
    assert not User.objects.filter(username="anna").exists()
    assert (list(DevLog.objects.all()), AuthToken.objects.count()) == ([kept], 0)


def test_what_was_done_is_said_in_the_language_of_who_did_it(admin_client, anna):
    response = admin_client.post(delete_page(anna), {"post": "yes"}, headers={"accept-language": "de"}, follow=True)

    assert message_of(response) == "Dev-Logs mit ihren Autoren gelöscht: 0."


def test_the_question_counts_what_goes_along_and_names_none_of_it(admin_client, anna, make_tagged):
    for _ in range(3):
        make_tagged("Django", author=anna)
    AuthToken.objects.create(anna)

    page = admin_client.get(delete_page(anna))

    assert dict(page.context["model_count"]) == {"users": 1, "dev-logs": 3, "tokens": 1}
    assert "Wrote Django" not in page.content.decode()


def test_a_person_without_dev_logs_is_deleted_too(admin_client, anna):
    admin_client.post(delete_page(anna), {"post": "yes"})

    assert not User.objects.filter(username="anna").exists()


def test_several_people_are_asked_about_and_deleted_from_the_list(admin_client, anna, bert, make_tagged):
    make_tagged("Django", author=anna)
    make_tagged("Redis", author=bert)

    asked = delete_chosen(admin_client, [anna, bert])
    response = delete_chosen(admin_client, [anna, bert], post="yes")

    assert asked.context["model_count"] == {"users": 2, "dev-logs": 2, "tokens": 0}
    assert message_of(response) == "Dev-logs deleted with their authors: 2."
    assert (User.objects.filter(username__in=["anna", "bert"]).count(), DevLog.objects.count()) == (0, 0)


def test_people_chosen_by_a_filter_that_the_deletion_itself_changes_are_deleted(admin_client, anna, make_tagged):
    make_tagged("Django", author=anna)
    form = {"action": "delete_selected", "_selected_action": anna.pk, "select_across": "1", "post": "yes"}

    response = admin_client.post(f"{USERS}?is_active__exact=1&is_staff__exact=0", form, follow=True)

    assert message_of(response) == "Dev-logs deleted with their authors: 1."
    assert (User.objects.filter(username="anna").exists(), DevLog.objects.exists()) == (False, False)


def test_what_others_had_them_decide_stays_without_their_name(admin_client, anna, bert, make_tagged):
    devlog = make_tagged("Django", author=bert)
    redis = Tag.objects.create(name="Redis", slug="redis")
    DevLogTag.objects.create(devlog=devlog, tag=redis, person=anna)
    Removal.objects.create(devlog=devlog, tag=redis, person=anna)

    admin_client.post(delete_page(anna), {"post": "yes"})

    assert DevLogTag.objects.get(tag=redis).person is None
    assert Removal.objects.get().person is None


def test_a_call_for_their_dev_log_that_is_still_out_changes_nothing(admin_client, anna, make_devlog):
    make_devlog("Wrote Django.", author=anna)
    (job,) = claim()

    admin_client.post(delete_page(anna), {"post": "yes"})

    assert Job.objects.complete([answer(job, "Django")]) == set()
    assert not User.objects.filter(username="anna").exists()


def test_what_they_still_write_while_they_are_deleted_goes_too(admin_client, anna, make_devlog, monkeypatch):
    make_devlog(author=anna)
    remove = entries.remove

    def remove_while_they_write(ids):
        if ids:
            make_devlog("One more.", author=anna)
            monkeypatch.setattr(entries, "remove", remove)
        remove(ids)

    monkeypatch.setattr(entries, "remove", remove_while_they_write)
    admin_client.post(delete_page(anna), {"post": "yes"})

    assert (User.objects.filter(username="anna").exists(), DevLog.objects.exists()) == (False, False)


def test_they_write_nothing_from_the_first_portion_on(admin_client, anna, make_devlog, monkeypatch):
    portions_of(1, monkeypatch)
    make_devlog(author=anna)
    is_active = []
    remove = entries.remove

    def look(ids):
        is_active.append(User.objects.get(username="anna").is_active)
        remove(ids)

    monkeypatch.setattr(entries, "remove", look)
    admin_client.post(delete_page(anna), {"post": "yes"})

    assert set(is_active) == {False}


@pytest.mark.parametrize("others, is_deleted", [([], False), (["delete_devlog"], True)])
def test_an_author_is_deleted_only_by_who_may_delete_dev_logs(client, anna, make_devlog, others, is_deleted):
    make_devlog(author=anna)
    member = User.objects.create_user("member", is_staff=True)
    member.user_permissions.set(Permission.objects.filter(codename__in=["delete_user", "view_user", *others]))
    client.force_login(member)

    page = words(client.get(delete_page(anna)).content.decode())
    alone = client.post(delete_page(anna), {"post": "yes"})
    delete_chosen(client, [anna], post="yes")

    assert ("doesn't have permission" in page, alone.status_code) == (not is_deleted, 302 if is_deleted else 403)
    assert User.objects.filter(username="anna").exists() is not is_deleted


def test_who_may_not_delete_users_deletes_none(client, anna):
    member = User.objects.create_user("member", is_staff=True)
    member.user_permissions.set(Permission.objects.filter(codename="view_user"))
    client.force_login(member)

    assert client.post(delete_page(anna), {"post": "yes"}).status_code == 403
    delete_chosen(client, [anna], post="yes")

    assert User.objects.filter(username="anna").exists()


def test_a_person_who_is_not_there_is_not_deleted(admin_client):
    response = admin_client.post(f"{USERS}999/delete/", {"post": "yes"}, follow=True)

    assert message_of(response) == "user with ID “999” doesn’t exist. Perhaps it was deleted?"


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_deletes_themselves(admin_client, admin_user, method):
    response = getattr(admin_client, method)(delete_page(admin_user), {"post": "yes"}, follow=True)

    assert message_of(response) == NOT_ONESELF
    assert User.objects.filter(pk=admin_user.pk, is_active=True).exists()


@pytest.mark.parametrize("more", [{}, {"post": "yes"}, {"post": "yes", "select_across": "1"}])
def test_nobody_deletes_themselves_among_others(admin_client, admin_user, anna, more):
    response = delete_chosen(admin_client, [anna, admin_user], **more)

    assert message_of(response) == NOT_ONESELF
    assert User.objects.filter(is_active=True).count() == 2


def test_the_deletion_is_in_the_admins_log_by_numbers(admin_client, anna, make_tagged):
    devlog = make_tagged("Django", author=anna)
    number = anna.pk

    admin_client.post(delete_page(anna), {"post": "yes"})

    assert {entry.object_repr for entry in LogEntry.objects.all()} == {f"user {number}", str(devlog)}

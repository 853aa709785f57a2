"""People's edits: tags they set and take off, which no tagging changes."""

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from tagging.extraction.base import MAX_TECHNOLOGIES
from tagging.models import DevLogTag, Job, Removal, Tag
from tests.support.api import DEVLOGS, address, names, shown
from tests.support.extractors import Scripted
from tests.support.jobs import answer
from tests.support.waiting import beside

pytestmark = pytest.mark.django_db


# -- Setting a tag ---------------------------------------------------------------------------------------------------


def test_a_tag_that_a_person_sets_is_created_and_shown_with_its_source(api, make_devlog):
    devlog = make_devlog("Slept well.")

    response = api.put(address(devlog, "Django"))

    tag = {"name": "Django", "slug": "django", "kind": "framework", "source": "person", "evidence": ""}
    assert (response.status_code, response.json()) == (201, tag)
    assert response["Location"] == f"http://testserver{DEVLOGS}{devlog.pk}/tags/django/"
    assert api.get(f"{DEVLOGS}{devlog.pk}/").json()["tags"] == [tag]


def test_to_set_a_tag_twice_changes_nothing(api, make_devlog):
    devlog = make_devlog("Slept well.")
    api.put(address(devlog, "Django"))

    response = api.put(address(devlog, "django"))

    assert (response.status_code, "Location" in response) == (200, False)
    assert shown(api, devlog) == [("Django", "person")]


@pytest.mark.parametrize(
    "given, name, slug",
    [
        ("k8s", "Kubernetes", "kubernetes"),
        ("  c++  ", "C++", "c-plus-plus"),
        ("Client/Server 9/11", "Client/Server 9/11", "clientserver-911"),
        (".NET", ".NET", "dot-net"),
        ("Frobnicator  9", "Frobnicator 9", "frobnicator-9"),
        ("x" * 100, "x" * 100, "x" * 100),
    ],
)
def test_a_name_comes_out_canonical(api, make_devlog, given, name, slug):
    response = api.put(address(make_devlog("Slept well."), given))

    assert (response.status_code, response.json()["name"], response.json()["slug"]) == (201, name, slug)


@pytest.mark.parametrize(
    "given", ["Dja\x00ngo", "Dja\tngo", "\u202eDjango", "Djan\u200bgo", "!!!", "   ", "x" * 101, "x" * 10_000]
)
def test_a_bad_name_is_refused_and_nothing_is_saved(api, make_devlog, given):
    response = api.put(address(make_devlog(), given))

    assert (response.status_code, list(response.json()["errors"])) == (400, ["name"])
    assert not Tag.objects.exists()


def test_a_tag_that_stands_in_the_entry_takes_its_place_and_words_from_there(api, make_tagged):
    devlog = make_tagged("Redis", "k8s", "Django")
    DevLogTag.objects.filter(tag__slug="kubernetes").delete()

    response = api.put(address(devlog, "Kubernetes"))

    assert response.json()["evidence"] == "Wrote Redis and k8s and Django"
    assert names(api, devlog) == ["Redis", "Kubernetes", "Django"]


def test_a_tag_that_does_not_stand_in_the_entry_comes_last(api, make_tagged):
    devlog = make_tagged("Redis")

    api.put(address(devlog, "Celery"))

    assert names(api, devlog) == ["Redis", "Celery"]


def test_a_found_tag_that_a_person_sets_is_theirs_and_keeps_its_words(api, make_tagged, tag_again):
    devlog = make_tagged("Django")

    response = api.put(address(devlog, "Django"))

    assert (response.status_code, response.json()["source"]) == (200, "person")
    assert response.json()["evidence"] == "Wrote Django"
    tag_again(devlog)
    assert shown(api, devlog) == [("Django", "person")]


def test_a_tag_that_a_person_set_survives_another_tagging(api, make_tagged, tag_again):
    devlog = make_tagged("Django")
    api.put(address(devlog, "Celery"))

    tag_again(devlog, "Django")

    assert shown(api, devlog) == [("Django", "scripted:model-1"), ("Celery", "person")]


def test_a_tag_that_a_person_set_survives_an_edit_of_the_entry(api, make_tagged, run_jobs):
    devlog = make_tagged("Django")
    api.put(address(devlog, "Celery"))

    api.put(f"{DEVLOGS}{devlog.pk}/", {"entry": "Cached it in Redis."})
    run_jobs(Scripted(["Redis"]))

    assert sorted(names(api, devlog)) == ["Celery", "Redis"]


def test_a_second_person_does_not_take_a_tag_over(api, make_devlog, admin_user):
    devlog = make_devlog()
    api.force_authenticate(admin_user)
    api.put(address(devlog, "Celery"))
    api.force_authenticate(None)

    api.put(address(devlog, "Celery"))

    assert DevLogTag.objects.get().person == admin_user


# -- How many --------------------------------------------------------------------------------------------------------


@pytest.fixture
def full(make_tagged):
    """Return a dev-log in which an attempt found `Redis`, and on which people have set as many tags as they may."""
    devlog = make_tagged("Redis")
    tags = Tag.objects.bulk_create(Tag(name=f"T{number}", slug=f"t{number}") for number in range(MAX_TECHNOLOGIES))
    DevLogTag.objects.bulk_create(DevLogTag(devlog=devlog, tag=tag) for tag in tags)
    return devlog


def test_people_set_no_more_tags_than_an_attempt_may_find(api, full):
    response = api.put(address(full, "Celery"))

    assert response.status_code == 409
    assert f"People have set {MAX_TECHNOLOGIES} tags on this dev-log" in response.json()["detail"]
    assert not Tag.objects.filter(name="Celery").exists()


@pytest.mark.parametrize("given", ["T7", "Redis"])
def test_a_tag_that_a_full_dev_log_carries_can_be_set_all_the_same(api, full, given):
    response = api.put(address(full, given))

    assert (response.status_code, response.json()["source"]) == (200, "person")


def test_where_one_is_taken_off_another_can_be_set(api, full):
    api.delete(address(full, "T7"))

    assert api.put(address(full, "Celery")).status_code == 201


def test_what_an_attempt_found_leaves_people_all_their_room(api, make_tagged):
    devlog = make_tagged(*(f"T{number}" for number in range(MAX_TECHNOLOGIES)))

    assert api.put(address(devlog, "Celery")).status_code == 201
    assert len(names(api, devlog)) == MAX_TECHNOLOGIES + 1


# -- Taking a tag off ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["kubernetes", "Kubernetes", "k8s"])
def test_a_tag_is_taken_off_by_its_slug_or_any_of_its_names(api, make_tagged, given):
    devlog = make_tagged("Kubernetes", "Redis")

    assert api.delete(address(devlog, given)).status_code == 204
    assert names(api, devlog) == ["Redis"]


def test_a_tag_that_a_person_took_off_does_not_come_back(api, make_tagged, tag_again, admin_user):
    devlog = make_tagged("Django", "Redis")
    api.force_authenticate(admin_user)
    api.delete(address(devlog, "django"))

    tag_again(devlog, "Django", "Redis")

    assert names(api, devlog) == ["Redis"]
    assert Removal.objects.get().person == admin_user


def test_a_tag_that_a_person_took_off_is_gone_from_counts_and_filters(api, make_tagged):
    devlog = make_tagged("Django")

    api.delete(address(devlog, "django"))

    assert api.get("/api/v1/tags/").json()["results"] == []
    assert api.get(DEVLOGS, {"tag": "django"}).json()["results"] == []


def test_what_is_taken_off_one_devlog_is_still_found_on_others(api, make_tagged):
    api.delete(address(make_tagged("Django"), "django"))

    assert names(api, make_tagged("Django")) == ["Django"]


def test_a_persons_own_tag_can_be_taken_off_too(api, make_devlog):
    devlog = make_devlog()
    api.put(address(devlog, "Celery"))

    api.delete(address(devlog, "celery"))

    assert shown(api, devlog) == []


def test_a_tag_that_was_taken_off_can_be_set_again_for_good(api, make_tagged, tag_again):
    devlog = make_tagged("Django")
    api.delete(address(devlog, "django"))

    response = api.put(address(devlog, "Django"))

    assert (response.status_code, Removal.objects.count()) == (201, 0)
    tag_again(devlog)
    assert shown(api, devlog) == [("Django", "person")]


@pytest.mark.parametrize("given", ["redis", "nothing-of-the-kind"])
def test_what_a_devlog_does_not_carry_cannot_be_taken_off(api, make_tagged, given):
    devlog = make_tagged("Django")
    make_tagged("Redis")

    assert api.delete(address(devlog, given)).status_code == 404
    assert not Removal.objects.exists()


# -- Whose dev-logs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["put", "delete"])
@pytest.mark.parametrize("number", [4711, 10**30])
def test_there_are_no_tags_on_a_devlog_that_is_not_there(api, method, number):
    assert getattr(api, method)(f"{DEVLOGS}{number}/tags/django/").status_code == 404


@pytest.mark.parametrize("method", ["put", "delete"])
def test_where_the_api_is_not_open_an_author_edits_their_own_alone(api, make_tagged, settings, method):
    settings.API_OPEN = False
    ada = User.objects.create_user("ada")
    own, other = make_tagged("Django", author=ada), make_tagged("Django")
    api.force_authenticate(ada)

    statuses = [getattr(api, method)(address(devlog, "django")).status_code for devlog in (own, other)]

    assert statuses == [200 if method == "put" else 204, 404]
    assert DevLogTag.objects.get(devlog=other).attempt is not None


@pytest.mark.parametrize("method", ["put", "delete"])
def test_where_the_api_is_not_open_an_anonymous_client_is_refused(api, make_tagged, settings, method):
    settings.API_OPEN = False

    assert getattr(api, method)(address(make_tagged("Django"), "django")).status_code == 401


# -- Beside a worker -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method, left", [("put", [("Django", "person")]), ("delete", [])])
def test_an_edit_waits_for_the_worker_that_settles_and_has_the_last_word(api, make_tagged, run_jobs, method, left):
    devlog = make_tagged("Django")
    api.post(f"{DEVLOGS}{devlog.pk}/retag/")
    (job,) = Job.objects.claim(1, owner="me", lease_seconds=60)

    with transaction.atomic():
        Job.objects.complete([answer(job, "Django")])
        edit = beside(lambda: getattr(api, method)(address(devlog, "Django")).status_code)

    assert edit() in (200, 204)
    assert shown(api, devlog) == left

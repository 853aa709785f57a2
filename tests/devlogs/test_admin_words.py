"""Staff who may see jobs, but not dev-logs, see no words of entries, wherever they look."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from tagging.models import Attempt, Tag
from tests.devlogs.admin_pages import ATTEMPTS, DEVLOGS, JOBS, TAGS, Answer, change_page, column, save

pytestmark = pytest.mark.django_db
ENTRY = "Zebrafish beside Django."


@pytest.fixture
def staff(client):
    """Return a function that logs in a member of staff with these permissions."""

    def log_in(*names):
        user, _ = User.objects.get_or_create(username="staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def devlog(make_devlog, run_jobs):
    devlog = make_devlog(ENTRY)
    run_jobs(Answer("Django", "Zebrafish"))
    Tag.objects.filter(name="Zebrafish").delete()  # a tag's name is for those who may see tags
    return devlog


def pages(devlog):
    attempt, job, tag = Attempt.objects.get(), devlog.job, Tag.objects.get()
    histories = [
        reverse(f"admin:tagging_{row._meta.model_name}_history", args=[row.pk]) for row in (attempt, job, tag)
    ]
    return [JOBS, ATTEMPTS, TAGS, "/admin/", *map(change_page, (attempt, job, tag)), *histories]


def test_no_page_of_theirs_has_words_of_an_entry(staff, devlog):
    client = staff("view_job", "view_attempt", "view_tag")

    answers = [client.get(page) for page in pages(devlog)]

    assert {answer.status_code for answer in answers} == {200}
    assert [page for page, answer in zip(pages(devlog), answers, strict=True) if b"Zebrafish" in answer.content] == []


def test_they_see_which_devlog_it_is_and_no_link_to_it(staff, devlog):
    client = staff("view_job", "view_attempt")

    for page in (JOBS, ATTEMPTS):
        answer = client.get(page)
        assert column(answer, "dev_log") == [str(devlog)]
        assert change_page(devlog) not in answer.content.decode()


@pytest.mark.parametrize("permission", ["view_devlog", "change_devlog"])
def test_who_may_see_devlogs_sees_their_words_there_too(staff, devlog, permission):
    client = staff("view_job", "view_attempt", permission)

    for page in (JOBS, ATTEMPTS, change_page(devlog.job), change_page(Attempt.objects.get())):
        assert b"Zebrafish" in client.get(page).content


@pytest.mark.parametrize(
    "query",
    [
        f"{ATTEMPTS}?answer__icontains=Zebra",
        f"{ATTEMPTS}?answer__0__0__startswith=D",
        f"{ATTEMPTS}?job__devlog__entry__contains=Z",
        f"{JOBS}?devlog__entry__contains=Z",
        f"{JOBS}?timeline__answer__icontains=Z",
        f"{TAGS}?devlogs__entry__contains=Z",
        f"{TAGS}?taggings__evidence__contains=Z",
    ],
)
def test_they_cannot_guess_words_by_a_filter(staff, devlog, query):
    assert staff("view_attempt", "view_job", "view_tag").get(query).status_code == 400


def test_devlogs_and_their_completion_are_closed_to_them(staff, devlog):
    client = staff("view_job", "view_attempt", "view_tag")
    autocomplete = reverse("admin:autocomplete") + "?app_label=tagging&model_name=job&field_name=devlog&term=Z"

    for page in (DEVLOGS, change_page(devlog), f"{DEVLOGS}{devlog.pk}/history/", autocomplete):
        assert client.get(page).status_code == 403


def test_the_actions_of_people_are_noted_without_words(staff, devlog):
    client = staff("change_devlog")
    save(client, devlog, entry=f"{ENTRY} Zebrafish again.")

    page = staff("view_job").get("/admin/")

    assert "Zebrafish" not in page.content.decode()
    assert f"dev-log {devlog.pk}" in page.content.decode()


def test_who_may_only_delete_devlogs_or_people_confirms_without_words(staff, devlog):
    devlog.author = User.objects.create(username="author")
    devlog.save()

    for row, permissions in ((devlog, ["delete_devlog"]), (devlog.author, ["delete_user", "view_user"])):
        meta = row._meta
        page = staff(*permissions).get(reverse(f"admin:{meta.app_label}_{meta.model_name}_delete", args=[row.pk]))
        assert page.status_code == 200
        assert "Zebrafish" not in page.content.decode()

"""What people keep private is on no page of the admin for others, superusers excepted."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User

from devlogs.models import DevLog
from tagging.models import Attempt
from tests.devlogs.admin_pages import ATTEMPTS, DEVLOGS, JOBS, Answer, act, change_page, column, save, states, words

pytestmark = pytest.mark.django_db
WORD = b"Zebrafish"


def member(name, *codenames):
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def private(ada, make_devlog, run_jobs):
    """Return ada's private dev-log, which carries a tag."""
    devlog = make_devlog("Zebrafish beside Django.", author=ada, is_private=True)
    run_jobs(Answer("Django", "Zebrafish"))
    return devlog


@pytest.fixture
def staff(client):
    """Return the client of a member of the staff who may see and change all that is not private."""
    codenames = ["view_devlog", "change_devlog", "delete_devlog", "view_job", "change_job", "view_attempt"]
    client.force_login(member("grace", *codenames))
    return client


def every_page(devlog):
    lists = [DEVLOGS, f"{DEVLOGS}?q=zebrafish", f"{DEVLOGS}?is_private__exact=1", JOBS, ATTEMPTS]
    return [*lists, *map(change_page, (devlog, devlog.job, *Attempt.objects.filter(job=devlog.pk)))]


def test_no_page_shows_others_a_word_of_it(staff, private):
    shown = [staff.get(page, follow=True) for page in every_page(private)]

    assert [answer.status_code for answer in shown] == [200] * len(shown)
    assert [WORD in answer.content for answer in shown] == [False] * len(shown)


def test_a_superuser_reads_all_of_it(admin_client, private):
    shown = [admin_client.get(page) for page in every_page(private)]

    assert [WORD in answer.content for answer in shown] == [True] * len(shown)


def test_its_author_reads_it_among_the_staff(client, ada, private):
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    ada.user_permissions.set(Permission.objects.filter(codename__in=["view_devlog", "view_job", "view_attempt"]))
    client.force_login(User.objects.get(pk=ada.pk))

    shown = [client.get(page) for page in every_page(private)]

    assert [WORD in answer.content for answer in shown] == [True] * len(shown)


@pytest.mark.parametrize("url", [JOBS, ATTEMPTS])
def test_the_lists_of_the_queue_name_it_by_its_number(staff, private, url):
    page = staff.get(url)

    assert column(page, "dev_log") == [f"dev-log {private.pk}"]
    assert change_page(private) not in page.content.decode()


@pytest.mark.parametrize("address", ["{}change/", "{}delete/", "{}history/"])
def test_its_own_pages_are_not_there_for_others(staff, private, address):
    page = address.format(f"{DEVLOGS}{private.pk}/")

    response = staff.post(page, {"post": "yes", "entry": "Mine now.", "author": ""})

    assert response.status_code in (302, 405)
    assert DevLog.objects.get().entry == private.entry


@pytest.mark.parametrize("lookup", ["answer__icontains=Zebra", "entry_digest__startswith=a"])
def test_nobody_guesses_at_it_by_a_filter(staff, private, lookup):
    assert staff.get(f"{ATTEMPTS}?{lookup}").status_code == 400


@pytest.mark.parametrize("action", ["tag_again", "make_public", "delete_selected"])
def test_an_action_on_all_leaves_it_alone(staff, private, make_tagged, action):
    public = make_tagged("Redis")

    act(staff, action, [public], select_across="1", post="yes")

    kept = DevLog.objects.get(pk=private.pk)
    assert (kept.is_private, states()[kept.pk]) == (True, "done")


def test_a_question_names_no_word_of_it(staff, private, make_tagged):
    page = act(staff, "delete_selected", [make_tagged("Redis")], select_across="1")

    assert "Dev-logs: 1" in words(page.content.decode())
    assert WORD not in page.content


def test_the_filter_and_the_suggestions_offer_no_tag_of_it(staff, private, make_tagged):
    offered = [staff.get(page).content.decode() for page in (DEVLOGS, change_page(make_tagged("Redis")))]

    assert ["Redis" in page for page in offered] == [True, True]
    assert ["Django" in page for page in offered] == [False, False]


def test_a_tag_set_by_hand_is_noted_without_its_name(admin_client, private):
    save(admin_client, private, is_private="on", **{"initial-is_private": "True"}, add_tag="Quetzalcoatl")

    assert "Quetzalcoatl" in {tag.name for tag in private.tags.all()}
    assert "Quetzalcoatl" not in "".join(
        f"{entry.object_repr}{entry.change_message}" for entry in LogEntry.objects.all()
    )

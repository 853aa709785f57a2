"""The roles that `migrate` makes: what each sees and may do in the admin, and never more."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from tagging.models import Job, ProviderState, Tag
from tests.devlogs.admin_pages import CHANGELISTS, DEVLOGS, LIMITED

pytestmark = pytest.mark.django_db
LISTS = [
    *("devlogs_devlog", "tagging_job", "tagging_attempt", "tagging_tag", "tagging_term", "tagging_providerstate"),
    *("tagging_spending", "tagging_authorspending", "tagging_worker", "auth_user", "auth_group"),
]


@pytest.fixture(autouse=True)
def roles(db):
    """Have the roles that the migration makes: a test of another module may have emptied the database."""
    import_module("tagging.migrations.0015_roles").make_roles(apps, None)


@pytest.fixture
def in_role():
    """Return a browser in which somebody of this role is logged in."""

    def client(role):
        user = User.objects.create_user(role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        return client

    return client


@pytest.fixture
def quokka(make_tagged):
    """Return a tag that ada's private dev-log alone carries, beside one that another carries, too."""
    private = make_tagged("Django", author=User.objects.create_user("ada"), is_private=True)
    make_tagged("Django")
    tag = Tag.objects.create(name="Quokka", slug="quokka")
    tag.taggings.create(devlog=private)
    return tag


def act(client, model, action, *rows):
    chosen = {"action": action, "_selected_action": [row.pk for row in rows], "post": "yes", "confirmed": "yes"}
    return client.post(reverse(f"admin:{model}_changelist"), chosen)


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
@pytest.mark.parametrize("name", LISTS)
def test_every_role_sees_every_list(in_role, role, name):
    assert in_role(role).get(reverse(f"admin:{name}_changelist")).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
def test_no_role_sees_tokens_or_what_others_keep_private(in_role, role, make_tagged):
    private = make_tagged("Redis", author=User.objects.create_user("ada"), is_private=True)
    client = in_role(role)

    assert client.get(reverse("admin:api_tokendetails_changelist")).status_code == 403
    assert client.get(reverse("admin:devlogs_devlog_change", args=[private.pk])).status_code == 302
    assert private.entry not in client.get(reverse("admin:devlogs_devlog_changelist")).content.decode()


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
@pytest.mark.parametrize("page", [*CHANGELISTS, f"{DEVLOGS}?tags__slug=quokka", "/admin/queue/"])
def test_no_role_sees_a_name_that_stands_in_a_private_entry_alone(in_role, role, page, quokka):
    answer = in_role(role).get(page)

    assert (answer.status_code, "Quokka" in answer.content.decode()) == (200, False)


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
def test_no_role_is_told_such_a_name_by_the_api(api, in_role, role, quokka, settings):
    settings.API_OPEN = False
    in_role(role)
    api.force_authenticate(User.objects.get(username=role))

    told = api.get("/api/v1/queue/").content

    assert (b"Django" in told, b"Quokka" in told) == (True, False)


def test_viewers_and_operators_and_editors_may_change_what_their_role_says():
    changing = {
        group.name: set(group.permissions.exclude(codename__startswith="view_").values_list("codename", flat=True))
        for group in Group.objects.all()
    }

    assert changing == {
        "viewer": set(),
        "operator": {"operate_queue"},
        "editor": {f"{verb}_{model}" for verb in ("add", "change", "delete") for model in ("tag", "term")},
    }


@pytest.mark.parametrize("role, state", [("viewer", "failed"), ("editor", "failed"), ("operator", "pending")])
def test_only_operators_have_what_failed_tried_again(in_role, role, state, make_tagged):
    devlog = make_tagged("Redis")
    Job.objects.update(state="failed", error_code="internal", run_after=None)

    act(in_role(role), "devlogs_devlog", "retry_failed", devlog)

    assert Job.objects.get(pk=devlog.pk).state == state


@pytest.mark.parametrize("role, is_paused", [("viewer", True), ("editor", True), ("operator", False)])
def test_only_operators_end_the_pause_of_a_provider(in_role, role, is_paused):
    ProviderState.objects.pause(LIMITED.error)

    in_role(role).post(reverse("admin:tagging_providerstate_resume"))

    assert ProviderState.objects.current().is_paused == is_paused


@pytest.mark.parametrize("role, is_blocked", [("viewer", False), ("operator", False), ("editor", True)])
def test_only_editors_decide_on_names(in_role, role, is_blocked, make_tagged):
    make_tagged("Redis")

    act(in_role(role), "tagging_tag", "block", Tag.objects.get())

    assert Tag.objects.get().is_blocked == is_blocked


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
def test_no_role_edits_an_entry(in_role, role, make_tagged):
    devlog = make_tagged("Redis")

    in_role(role).post(reverse("admin:devlogs_devlog_change", args=[devlog.pk]), {"entry": "Wrote a Flask app."})

    devlog.refresh_from_db()
    assert devlog.entry != "Wrote a Flask app."


def test_permissions_of_the_roles_are_djangos_own():
    """Made by the migration before Django makes them: the same rows, none of them twice."""
    names = Permission.objects.values_list("content_type__app_label", "codename")

    assert len(names) == len(set(names))
    assert Permission.objects.get(codename="operate_queue").name == "Can retry, cancel, tag again, pause and resume"

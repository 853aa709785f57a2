"""No page of the admin shows a German reader what was never translated; all data is Greek, as in test_untranslated."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils.translation import override

from devlogs.models import DevLog
from tagging.models import Job, ProviderState, QueuePause, Tag, Term
from tests.support.greek import ada as ada
from tests.support.greek import german as german
from tests.support.greek import written as written
from tests.support.pseudo import check

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("german")]
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
PAGES = ("changelist", "add", "change", "delete", "history")
# What people change by hand; of all else the admin adds, changes and deletes nothing.
OPEN = {(page, model) for page in ("add", "delete") for model in (Group, User, DevLog, Term)} | {
    ("delete", Tag),
    ("delete", apps.get_model("api", "TokenDetails")),
}
ACTIONS = [
    (model, action if isinstance(action, str) else action.__name__)
    for model in MODELS
    for action in admin.site._registry[model].actions or ()
]


def address_of(page, model, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_there_is_a_row_of_each_model(written):
    assert set(MODELS) - set(written) == set()


def test_the_index(client, written):
    check(client.get("/admin/"))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("page", PAGES)
def test_the_pages_of_a_model(client, written, page, model):
    args = [] if page in ("changelist", "add") else [written[model].pk]
    is_shut = page in ("add", "delete") and (page, model) not in OPEN

    response = client.get(address_of(page, model, *args), follow=True)

    check(response, 403 if is_shut else 200)


@pytest.mark.parametrize("model, action", ACTIONS)
@pytest.mark.parametrize("answer", [{}, {"post": "yes", "confirmed": "yes", "into": "ωμέγκα"}], ids=["asked", "done"])
def test_an_action(client, written, model, action, answer):
    User.objects.create_user("Βήτα")
    rows = model._default_manager.exclude(pk=written[User].pk) if model is User else model._default_manager.all()
    chosen = [written[Tag].pk] if action == "merge" else list(rows.values_list("pk", flat=True))
    check(
        client.post(
            address_of("changelist", model), {"action": action, "_selected_action": chosen, **answer}, follow=True
        )
    )


@pytest.mark.parametrize("action, into", [("merge", "ωω"), ("merge", "βήτα"), ("merge", "ωμέγα"), ("separate", "")])
def test_an_action_on_a_tag_that_is_refused(client, written, action, into):
    form = {"action": action, "_selected_action": [written[Tag].pk], "into": into, "confirmed": "yes"}

    check(client.post(address_of("changelist", Tag), form, follow=True))


def test_people_who_would_delete_themselves(client, written):
    form = {"action": "delete_selected", "_selected_action": [written[User].pk], "post": "yes"}

    check(client.post(address_of("changelist", User), form, follow=True))
    check(client.post(address_of("delete", User, written[User].pk), {"post": "yes"}, follow=True))


@pytest.mark.parametrize("name", ["Ωμέγα", "Ωμεγάλο", "Βήτα", "Ωμέγκα"])
def test_a_tag_an_alias_and_a_blocked_name(client, written, name):
    tag = Tag.objects.get(name=name)

    check(client.get(address_of("change", Tag, tag.pk)))
    check(client.get(address_of("delete", Tag, tag.pk)))
    check(client.post(address_of("change", Tag, tag.pk), {"name": "Δέλτα", "kind": ""}, follow=True))


@pytest.mark.parametrize("name", ["", "Ωμέγα", "Δέλτα", "Ωμεγάλο", "Βήτα", "Νέο"])
def test_an_alias_that_is_added(client, written, name):
    address = address_of("alias", Tag, written[Tag].pk)

    check(client.get(address))
    check(client.post(address, {"name": name}, follow=True))


def test_tags_of_nearly_the_same_name(client, written):
    check(client.get("/admin/tagging/tag/near-duplicates/"))


@pytest.mark.parametrize("model", [DevLog, Term, Group, User], ids=lambda model: model._meta.label)
def test_a_form_that_is_refused(client, written, model):
    wrong = {"name": "1", "aliases": ",", "entry": "α" * 20_001, "external_id": "α-1"}

    check(client.post(address_of("add", model), {}))
    check(client.post(address_of("add", model), wrong, follow=True))
    check(client.post(address_of("add", model), {"name": "Ω", "entry": "α", "external_id": "α-1"}, follow=True))


def test_the_queue(client, written):
    check(client.get("/admin/queue/"))
    check(client.get("/admin/queue/retry/?code=refused", follow=True))
    check(client.post("/admin/queue/retry/?code=refused", follow=True))
    check(client.post("/admin/queue/retry/?code=refused", {"post": "yes"}, follow=True))


def test_the_queue_while_it_is_paused_and_what_is_logged_of_that(client, written):
    for _ in range(2):
        check(client.post("/admin/queue/pause/", {"reason": "όχι"}, follow=True))
    check(client.get(address_of("changelist", Job)))
    for _ in range(2):
        check(client.post("/admin/queue/resume/", follow=True))
    check(client.get("/admin/"))
    assert not QueuePause.objects.exists()


def test_the_end_of_the_providers_pause(client, written):
    for _ in range(2):
        check(client.post("/admin/tagging/providerstate/resume/", follow=True))
    check(client.get(address_of("history", ProviderState, written[ProviderState].pk)))


def test_a_password_that_is_set_for_another(client, written):
    other = User.objects.create_user("Βήτα")

    check(client.get(f"/admin/auth/user/{other.pk}/password/"))
    check(client.post(f"/admin/auth/user/{other.pk}/password/", {"password1": "1", "password2": "2"}))
    check(client.get("/admin/password_change/"))


def test_the_names_of_models_and_apps():
    with override("de"):
        said = [
            str(name)
            for label in ("api", "devlogs", "tagging")
            for config in [apps.get_app_config(label)]
            for model in config.get_models()
            if model in MODELS
            for name in (config.verbose_name, model._meta.verbose_name, model._meta.verbose_name_plural)
        ]

    assert [name for name in said if "⟦" not in name] == []

"""No page shows a German reader what was never translated.

All data is Greek, so that a Latin letter outside of ⟦…⟧ is a text of ours that nobody translated.
"""

import re
import socket

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils.translation import override, trans_real

from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode
from tagging.models import Job
from tests.support.extractors import Scripted
from tests.support.pseudo import pseudo_german, untranslated

pytestmark = pytest.mark.django_db
OURS = ("api", "devlogs", "tagging")
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
# Proper names, units and formats that are the same in both languages; codes of errors and digests; the host that made
# a worker's name; and what Django's own templates say to screen readers of a sign.
ALLOWED = re.compile(
    rf"{re.escape(socket.gethostname())}[-\w]*|\b[0-9a-f]{{64}}\b|\b({'|'.join(ErrorCode)}|True|False|Search)\b|\bembedded|"
    r"\b(Dev-?[Ll]ogs?|Deutsch|English|JSON|Markdown|CSV|API|UTC|MIT|OpenAI|Ctrl|Enter|ms|kB|MB|s|min|h|p\d\d|y|n|j|k)\b"
)


class GreekExtractor(Scripted):
    name, model = "μηχανή", "μοντέλο"


@pytest.fixture(autouse=True)
def german(monkeypatch, settings):
    monkeypatch.setitem(trans_real._translations, "de", pseudo_german())


@pytest.fixture
def ada(client):
    """Log in an author who may do all, called in Greek."""
    user = User.objects.create_superuser("Αδα", password="λέξη-κλειδί")
    client.force_login(user)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    return user


@pytest.fixture
def written(ada, make_devlog, run_jobs):
    """Have three dev-logs, one tagged, one failed, one that waits."""
    tagged = make_devlog("Έγραψα Ωμέγα και Δέλτα", author=ada)
    run_jobs(GreekExtractor(["Ωμέγα", "Δέλτα"]))
    failed = make_devlog("Έγραψα πάλι", author=ada)
    Job.objects.filter(pk=failed.pk).update(state="failed", run_after=None, error_code="refused", error_detail="όχι")
    waiting = make_devlog("Έγραψα και κάτι ιδιωτικό", author=ada, is_private=True)
    Job.objects.filter(pk=waiting.pk).update(waiting_for="provider")
    Group.objects.all().delete()  # whose names are English rows of a migration
    Group.objects.create(name="Ομάδα")
    return tagged


def check(response, status=200) -> None:
    assert response.status_code == status, response
    left = untranslated(response.content.decode(), ALLOWED)
    assert not left, "\n".join(["Never translated:", *left])


def test_the_marks_find_what_was_not_translated():
    page = '<p>⟦Ganz ⟧3⟦ <b>neu</b>⟧ <i>Raw</i> <input placeholder="Old"> <code>x</code></p>'

    assert untranslated(page, ALLOWED) == ["Old", "Raw"]


@pytest.mark.parametrize("name", ["home", "stack", "account"])
def test_a_page_without_entries(client, ada, name):
    check(client.get(reverse(f"pages:{name}")))


@pytest.mark.parametrize("name", ["home", "stack", "account"])
def test_a_page_with_entries(client, written, name):
    check(client.get(reverse(f"pages:{name}")))


def test_an_entry(client, written):
    for devlog in DevLog.objects.all():
        check(client.get(reverse("pages:entry", args=[devlog.pk])))


@pytest.mark.parametrize("name", ["entry-edit", "entry-tags"])
def test_a_form_of_an_entry(client, written, name):
    check(client.get(reverse(f"pages:{name}", args=[written.pk])))


@pytest.mark.parametrize("query", ["?q=Έγραψα", "?state=failed", "?state=pending", "?tag=ωμέγα", "?kind=tool"])
def test_a_page_that_is_filtered(client, written, query):
    check(client.get(f"/{query}"))


@pytest.mark.parametrize("name", ["pages:password", "pages:removal", "queue:dashboard"])
def test_another_page(client, written, name):
    check(client.get(reverse(name)))


def test_what_is_refused(client, ada):
    check(client.post("/", {"entry": ""}), 400)
    check(client.get("/?kind=nothing&page=0"), 400)
    check(client.post(reverse("pages:tokens"), {"name": "", "days": "0"}), 400)


def test_the_login(client):
    check(client.get("/login/", headers={"accept-language": "de"}))
    check(client.post("/login/", {"username": "Ω"}, headers={"accept-language": "de"}))


def test_a_page_that_is_not_there(client, ada):
    check(client.get("/nothing/", headers={"accept": "text/html"}), 404)


def test_the_index_of_the_admin(client, written):
    check(client.get("/admin/"))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("what", ["changelist", "add", "change", "delete", "history"])
def test_the_admins_pages(client, written, model, what):
    one = model._default_manager.first()
    needs_one = what not in ("changelist", "add")
    if needs_one and not one:
        return  # its lists and empty forms are looked at all the same
    address = reverse(
        f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=[one.pk] if needs_one else []
    )

    response = client.get(address, follow=True)

    if response.status_code != 403:  # what nobody may add or delete there
        check(response)


@pytest.mark.parametrize("model, action", [(m, a) for m in MODELS for a in admin.site._registry[m].actions or ()])
def test_what_an_action_of_the_admin_asks(client, written, model, action):
    name = action if isinstance(action, str) else action.__name__
    one = model._default_manager.first()
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    response = client.post(address, {"action": name, "_selected_action": [one.pk]}, follow=True)

    check(response)


def test_the_names_of_models_and_apps(german):
    with override("de"):
        said = [
            str(name)
            for label in OURS
            for config in [apps.get_app_config(label)]
            for model in config.get_models()
            if model in MODELS
            for name in (config.verbose_name, model._meta.verbose_name, model._meta.verbose_name_plural)
        ]

    assert [name for name in said if "⟦" not in name] == []

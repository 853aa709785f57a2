"""What people do about a tag's names from its page in the admin."""

import re

import pytest
from django.contrib.admin.models import LogEntry

from tagging.curation import vocabulary
from tagging.models import Tag, Term
from tests.devlogs.admin_pages import TAGS, change_page, fact, message_of

pytestmark = pytest.mark.django_db


def tag(name):
    return Tag.objects.get(name=name)


def alias_page(name):
    return f"{TAGS}{tag(name).pk}/alias/"


def act(client, action, name, **more):
    form = {"action": action, "_selected_action": tag(name).pk, "from_page": tag(name).pk, **more}
    return client.post(TAGS, form, follow=True)


def test_an_action_begun_on_the_page_leads_back_to_it(admin_client, make_tagged):
    make_tagged("Foo", "Bar")
    address = change_page(tag("Foo"))

    question = act(admin_client, "merge", "Foo")
    merged = act(admin_client, "merge", "Foo", into="Bar", confirmed="yes")
    separated = act(admin_client, "separate", "Foo")
    blocked = act(admin_client, "block", "Foo", confirmed="yes")
    unblocked = act(admin_client, "unblock", "Foo")

    assert f'<input type="hidden" name="from_page" value="{tag("Foo").pk}">' in question.content.decode()
    pages = [merged, separated, blocked, unblocked]
    assert [page.redirect_chain for page in pages] == [[(address, 302)]] * 4
    logged = LogEntry.objects.filter(object_id=str(tag("Foo").pk)).order_by("pk")
    assert [entry.change_message for entry in logged] == ["Merged into Bar.", "Separated.", "Blocked.", "Unblocked."]


def test_an_alias_is_added_and_stands_for_the_tag_in_answers_to_come(admin_client, make_tagged):
    make_tagged("Foo")

    response = admin_client.post(alias_page("Foo"), {"name": "Frob"}, follow=True)

    assert message_of(response) == "Frob stands for Foo from the next answer on. “Separate” takes it back."
    assert [each.name for each in make_tagged("Frob").tags.all()] == ["Foo"]
    assert LogEntry.objects.get().change_message == "Added the alias Frob."


@pytest.mark.parametrize(
    "name, why",
    [
        ("!!!", "A name has 1 to 100 characters, a letter or a digit among them."),
        ("django", "django is read as Django already."),
        ("PSQL", "PSQL is read as PostgreSQL: merge that into Django."),
        ("Redis", "There is Redis already: merge it into Django."),
        ("Frob", "There is Frob already: merge it into Django."),
    ],
)
def test_an_alias_that_cannot_be_is_refused_at_its_field(admin_client, make_tagged, name, why):
    make_tagged("Django", "Redis")
    vocabulary.add_alias(tag("Django"), "Frob")

    page = admin_client.post(alias_page("Django"), {"name": name})

    assert page.context["form"].errors["name"] == [why]
    assert f'value="{name}"' in page.content.decode()


def test_a_tag_that_is_there_already_is_offered_to_be_merged(admin_client, make_tagged):
    make_tagged("Django", "Redis")

    page = admin_client.post(alias_page("Django"), {"name": "redis"}).content.decode()

    assert 'value="Merge Redis into Django …"' in page
    assert '<input type="hidden" name="into" value="django">' in page


def test_a_tag_is_taught_with_its_kind_and_its_aliases_filled_in(admin_client, make_tagged):
    make_tagged("Frobnik")
    Tag.objects.update(kind="tool")
    vocabulary.add_alias(tag("Frobnik"), "Frob")
    page = admin_client.get(change_page(tag("Frobnik")))

    link = re.search(r'href="(/admin/tagging/term/add/\?[^"]*)"', page.content.decode())[1].replace("&amp;", "&")
    form = admin_client.get(link).context["adminform"].form

    assert [form.initial[field] for field in ("name", "kind", "aliases")] == ["Frobnik", "tool", "Frob"]


def test_a_tag_that_is_taught_leads_to_its_term(admin_client, make_tagged):
    make_tagged("Frobnik")
    term = Term.objects.create(name="Frobnik")

    page = admin_client.get(change_page(tag("Frobnik"))).content.decode()

    assert f"/admin/tagging/term/{term.pk}/change/" in page
    assert "/admin/tagging/term/add/" not in page.partition('class="tag-page"')[2]


def test_what_people_decided_of_a_tag_stands_on_its_page(admin_client, make_tagged):
    make_tagged("Foo")
    page = change_page(tag("Foo"))
    before = fact(admin_client.get(page), "decided")

    admin_client.post(page, {"name": "FOO", "kind": "tool"})

    assert (before, fact(admin_client.get(page), "decided")) == ("-", "the spelling, the kind")

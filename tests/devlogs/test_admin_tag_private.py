"""What the admin of tags tells of entries that others keep private: neither their names nor that there are any."""

import re

import pytest
from django.contrib.auth.models import Permission, User

from devlogs.models import DevLog
from tagging.curation import vocabulary
from tagging.models import DevLogTag, Tag
from tests.devlogs.admin_pages import NO_SUCH_TAG, TAGS, act_on_tags, change_page, column, words

pytestmark = pytest.mark.django_db

NEAR_DUPLICATES = f"{TAGS}near-duplicates/"
AUTOCOMPLETE = "/admin/autocomplete/?app_label=tagging&model_name=devlogtag&field_name=tag&term="


@pytest.fixture
def editor(client):
    user = User.objects.create_user("editor", is_staff=True)
    allowed = ["view_tag", "change_tag", "delete_tag", "view_devlog"]
    user.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    client.force_login(user)
    return client


@pytest.fixture
def make_private(make_tagged):
    """Return a function that saves a dev-log which another keeps private, with these tags."""

    def make(*names):
        devlog = make_tagged(*names)
        DevLog.objects.filter(pk=devlog.pk).update(is_private=True)
        return devlog

    return make


@pytest.fixture
def hidden(make_private):
    """Return a tag that stands in nothing but the private entry of another."""
    make_private("Zorkland")
    return Tag.objects.get(name="Zorkland")


def tag(name):
    return Tag.objects.get(name=name)


# -- Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("into", ["Zorkland", "zorkland", "Zork-Alias"])
def test_nothing_is_merged_into_a_hidden_name(editor, hidden, make_tagged, into):
    make_tagged("Foo")
    vocabulary.add_alias(hidden, "Zork-Alias")

    page = act_on_tags(editor, "merge", "Foo", into=into, confirmed="yes")

    assert page.context["form"].errors["into"] == [NO_SUCH_TAG]
    assert tag("Foo").alias_of is None


def test_a_superuser_merges_into_a_hidden_name(admin_client, hidden, make_tagged):
    make_tagged("Foo")

    act_on_tags(admin_client, "merge", "Foo", into="Zorkland", confirmed="yes")

    assert tag("Foo").alias_of == hidden


def test_an_alias_that_is_a_hidden_name_is_refused_as_it_was_typed(editor, hidden, make_tagged):
    make_tagged("Foo")

    page = editor.post(f"{TAGS}{tag('Foo').pk}/alias/", {"name": "zorkLAND"})

    assert page.context["form"].errors["name"] == ["zorkLAND cannot be given here; ask a superuser."]
    assert "Zorkland" not in page.content.decode()


def test_a_tag_is_not_renamed_to_a_hidden_name_and_told_of_it(editor, hidden, make_tagged):
    make_tagged("Foo")

    page = editor.post(change_page(tag("Foo")), {"name": "zorkLAND", "kind": ""})

    form = page.context["adminform"].form
    assert form.errors["name"] == ["zorkLAND cannot be given here; ask a superuser."]
    assert "Zorkland" not in page.content.decode()


@pytest.mark.parametrize("page", ["change", "delete", "history", "alias"])
def test_no_page_of_a_hidden_name_or_of_its_alias_is_shown(editor, hidden, page):
    vocabulary.add_alias(hidden, "Zork-Alias")

    answers = [editor.get(f"{TAGS}{tag(name).pk}/{page}/", follow=True) for name in ("Zorkland", "Zork-Alias")]

    assert [answer.status_code == 404 or answer.redirect_chain != [] for answer in answers] == [True, True]
    assert not any(re.search(r"(?i)zork", answer.content.decode()) for answer in answers)


@pytest.mark.parametrize("address", [TAGS, f"{TAGS}?q=zork", NEAR_DUPLICATES, f"{AUTOCOMPLETE}zork"])
def test_no_list_names_what_is_hidden_nor_its_alias(editor, hidden, make_private, address):
    make_private("Zorklands")
    vocabulary.add_alias(hidden, "Zork-Alias")

    page = editor.get(address).content.decode()

    assert not re.search("Zork|zorkland", page)


def test_a_superuser_finds_near_duplicates_among_hidden_names(admin_client, hidden, make_private):
    make_private("Zorklands")

    (pair,) = admin_client.get(NEAR_DUPLICATES).context["suggestions"]

    assert {pair.source.name, pair.target.name} == {"Zorkland", "Zorklands"}


def test_a_name_of_which_only_private_entries_told_stays_hidden_without_them(editor, hidden):
    DevLog.objects.all().delete()

    assert column(editor.get(TAGS), "name") == []


def test_a_tag_is_named_as_soon_as_an_open_entry_has_it(editor, hidden, make_tagged):
    editor.get(TAGS)
    make_tagged("Zorkland")

    assert editor.get(change_page(hidden)).status_code == 200


def test_a_blocked_name_and_its_aliases_are_there_to_be_unblocked(editor, make_tagged):
    make_tagged("Foo")
    vocabulary.add_alias(tag("Foo"), "Frob")
    vocabulary.block([tag("Foo").pk])

    assert sorted(column(editor.get(TAGS), "name")) == ["Foo", "Frob"]


# -- Figures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def used(make_tagged, make_private):
    """Use a tag on an open dev-log of March, and on two of others' private ones, before and after."""
    for day, is_private in [("2026-02-03", True), ("2026-03-04", False), ("2026-05-06", True)]:
        devlog = make_private("Foo") if is_private else make_tagged("Foo")
        DevLog.objects.filter(pk=devlog.pk).update(created_at=f"{day}T12:00Z")
    return tag("Foo")


def row(client, query=""):
    page = client.get(TAGS + query)
    return [column(page, name) for name in ("count", "first_used", "last_used")]


def test_the_list_counts_what_is_not_private(editor, used):
    assert row(editor) == [["1"], ["March 4, 2026"], ["March 4, 2026"]]
    assert "Private dev-logs are not counted." in editor.get(TAGS).content.decode()


def test_the_list_counts_all_for_a_superuser(admin_client, used):
    assert row(admin_client) == [["3"], ["Feb. 3, 2026"], ["May 6, 2026"]]
    assert "Private dev-logs are not counted." not in admin_client.get(TAGS).content.decode()


def test_the_list_is_ordered_and_filtered_by_the_figures_it_shows(editor, used, make_tagged):
    make_tagged("Bar")
    make_tagged("Bar")

    assert column(editor.get(TAGS), "name") == ["Bar", "Foo"]
    assert column(editor.get(f"{TAGS}?used=once"), "name") == ["Foo"]
    assert column(editor.get(f"{TAGS}?o=5"), "name") == ["Foo", "Bar"]


def test_a_day_of_private_use_finds_no_tag(editor, make_tagged, make_private):
    make_private("Foo")
    DevLog.objects.filter(pk=make_tagged("Foo").pk).update(created_at="2020-01-01T00:00Z")

    assert column(editor.get(f"{TAGS}?used_within=7"), "name") == []


def test_a_tags_page_tells_of_what_is_not_private(editor, used):
    DevLogTag.objects.filter(devlog__is_private=True).update(attempt=None)

    page = editor.get(change_page(used))

    assert [page.context["use"][name] for name in ("count", "months")] == [1, {"2026-03": 1}]
    assert page.context["sources"] == [("answer:model-1", 1)]
    assert "a person" not in page.content.decode()


def test_a_tags_page_counts_all_for_a_superuser(admin_client, used):
    page = admin_client.get(change_page(used))

    assert [page.context["use"][name] for name in ("count", "months")] == [
        3,
        {"2026-02": 1, "2026-03": 1, "2026-05": 1},
    ]
    assert page.context["sources"] == [("answer:model-1", 3)]


@pytest.mark.parametrize("action", ["merge", "block", "delete_selected"])
def test_a_page_that_asks_counts_what_one_may_read(editor, used, action):
    asked = words(act_on_tags(editor, action, "Foo").content.decode())

    assert "1 name, with 0 aliases: on 1 dev-log, in 1 place" in asked
    assert "Foo: 1 dev-log" in asked
    assert "What others keep private is not counted here, and changes too." in asked


def test_the_page_that_asks_before_a_tag_is_deleted_counts_what_one_may_read(editor, used):
    page = editor.get(f"{TAGS}{used.pk}/delete/")

    assert dict(page.context["model_count"])["dev-logs that lose it"] == 1


def test_near_duplicates_are_counted_without_what_is_private(editor, make_tagged, make_private):
    for name in ("Zorblet", "Zorblets"):
        make_tagged(name)
    make_private("Zorblet")

    (pair,) = editor.get(NEAR_DUPLICATES).context["suggestions"]

    assert (pair.source_count, pair.target_count) == (1, 1)

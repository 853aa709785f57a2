"""What names mean: merged tags become aliases, blocked names are no tags, also beside a worker that settles."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from tagging.curation import vocabulary
from tagging.curation.vocabulary import VocabularyError
from tagging.models import DevLogTag, Job, Removal, Tag
from tests.support.api import DEVLOGS, address, names, shown
from tests.support.jobs import answer, claim, tags_of
from tests.support.waiting import beside

pytestmark = pytest.mark.django_db


def tag(name):
    return Tag.objects.get(slug=name)


def merge(source, target):
    return vocabulary.merge(tag(source), tag(target))


@pytest.fixture
def make_names():
    """Store tags that stand on no dev-log."""

    def make(*names):
        return [Tag.objects.create(name=name, slug=name.lower()) for name in names]

    return make


# -- Merging ---------------------------------------------------------------------------------------------------------


def test_the_devlogs_of_a_merged_tag_move_and_none_has_it_twice(make_tagged):
    one, both = make_tagged("Foo"), make_tagged("Bar", "Foo")

    assert merge("foo", "bar") == (2, 1)

    assert (tags_of(one), tags_of(both)) == (["Bar"], ["Bar"])


def test_the_next_answer_does_not_bring_a_merged_tag_back(make_tagged):
    make_tagged("Foo", "Bar")
    merge("foo", "bar")

    assert tags_of(make_tagged("Foo", "Baz")) == ["Bar", "Baz"]
    assert tags_of(make_tagged("Foo", "Bar")) == ["Bar"]


def test_the_aliases_of_a_merged_tag_go_with_it(make_tagged):
    make_tagged("Foo", "Bar", "Baz")
    merge("foo", "bar")
    merge("bar", "baz")

    assert tags_of(make_tagged("Foo")) == ["Baz"]


def test_the_slug_of_a_merged_tag_still_finds_its_devlogs(api, make_tagged):
    devlog = make_tagged("Foo", "Bar")
    merge("foo", "bar")

    assert [one["id"] for one in api.get(f"{DEVLOGS}?tag=foo").json()["results"]] == [devlog.pk]


def test_a_merged_tag_is_in_no_list(api, make_tagged):
    make_tagged("Foo", "Bar")

    merge("foo", "bar")

    assert api.get("/api/v1/tags/").json()["results"] == [{"name": "Bar", "slug": "bar", "kind": "", "count": 1}]


@pytest.mark.parametrize("mine", ["Foo", "Bar"])
def test_where_a_devlog_has_both_tags_the_one_a_person_set_stays(api, make_tagged, mine):
    devlog = make_tagged("Foo", "Bar")
    api.put(address(devlog, mine))

    merge("foo", "bar")

    assert shown(api, devlog) == [("Bar", "person")]


def test_what_a_person_took_off_stays_off_under_the_other_name(api, make_tagged, tag_again):
    devlog = make_tagged("Foo", "Bar")
    api.delete(address(devlog, "foo"))

    merge("foo", "bar")

    assert names(api, devlog) == []
    tag_again(devlog, "Foo", "Bar")
    assert names(api, devlog) == []


@pytest.mark.parametrize("set_, off", [("Foo", "Bar"), ("Bar", "Foo")])
def test_a_person_who_sets_a_tag_is_believed_before_one_who_took_its_alias_off(api, make_tagged, set_, off):
    devlog = make_tagged("Foo", "Bar")
    api.delete(address(devlog, off))
    api.put(address(devlog, set_))

    merge("foo", "bar")

    assert (shown(api, devlog), Removal.objects.count()) == ([("Bar", "person")], 0)


def test_a_removal_of_both_tags_becomes_one(api, make_tagged):
    devlog = make_tagged("Foo", "Bar")
    api.delete(address(devlog, "foo"))
    api.delete(address(devlog, "bar"))

    merge("foo", "bar")

    assert [removal.tag.name for removal in Removal.objects.all()] == ["Bar"]


def test_a_person_who_says_an_alias_means_its_tag(api, make_tagged):
    devlog = make_tagged("Foo", "Bar")
    merge("foo", "bar")

    assert api.put(address(devlog, "Foo")).json()["name"] == "Bar"
    assert api.delete(address(devlog, "Foo")).status_code == 204
    assert names(api, devlog) == []


def test_a_blocked_name_that_is_merged_is_an_alias_and_blocked_no_more(make_tagged):
    make_tagged("Foo", "Bar")
    vocabulary.block([tag("foo").pk])
    merge("foo", "bar")

    assert tags_of(make_tagged("Foo")) == ["Bar"]


@pytest.mark.parametrize(
    "source, target, why",
    [
        ("foo", "foo", "Foo cannot be merged into itself."),
        ("alias", "foo", f"Alias is an alias already, of Bar: {vocabulary.SEPARATE}."),
        ("foo", "alias", f"Alias is itself an alias, of Bar: merge Foo into Bar, or {vocabulary.SEPARATE}."),
        ("foo", "blocked", "Blocked is blocked: unblock it first, in the admin's list of tags."),
    ],
)
def test_a_merge_that_means_nothing_is_refused(make_names, source, target, why):
    make_names("Foo", "Bar", "Alias", "Blocked")
    merge("alias", "bar")
    vocabulary.block([tag("blocked").pk])

    with pytest.raises(VocabularyError) as refused:
        merge(source, target)

    assert str(refused.value) == why


def test_a_tag_that_is_gone_is_not_merged(make_names):
    source, target = make_names("Foo", "Bar")
    Tag.objects.filter(name="Bar").delete()

    with pytest.raises(VocabularyError):
        vocabulary.merge(source, target)

    assert tag("foo").alias_of is None


def test_where_a_devlog_has_several_merged_tags_one_stays_and_a_persons_before_others(api, make_tagged):
    mine, found = make_tagged("Foo", "Baz", "Bar"), make_tagged("Baz", "Foo")
    api.put(address(mine, "Baz"))

    assert vocabulary.merge_all([tag("foo"), tag("baz")], tag("bar")) == (2, 1)

    assert shown(api, mine) == [("Bar", "person")]
    assert shown(api, found) == [("Bar", "scripted:model-1")]


def test_where_one_of_many_cannot_be_merged_none_is(make_names):
    foo, bar, alias = make_names("Foo", "Bar", "Alias")
    merge("alias", "bar")

    with pytest.raises(VocabularyError):
        vocabulary.merge_all([foo, alias], bar)

    assert tag("foo").alias_of is None


def test_a_merge_of_thirty_takes_as_many_queries_as_one_of_one(make_tagged, make_names, django_assert_max_num_queries):
    make_names("Foo1", "Foo30", "Bar")
    for count in (1, 30):
        for _ in range(count):
            make_tagged(f"Foo{count}", "Bar")
        with django_assert_max_num_queries(17):
            assert merge(f"foo{count}", "bar") == (count, count)


# -- Blocking --------------------------------------------------------------------------------------------------------


def test_a_blocked_name_leaves_devlogs_and_lists_and_does_not_come_back(api, make_tagged, tag_again):
    devlog = make_tagged("Foo", "Bar")

    assert vocabulary.block([tag("foo").pk]) == 1

    assert [each["name"] for each in api.get("/api/v1/tags/").json()["results"]] == ["Bar"]
    assert api.get(DEVLOGS, {"tag": "foo"}).json()["results"] == []
    tag_again(devlog, "Foo", "Bar")
    assert names(api, devlog) == ["Bar"]


def test_a_name_that_is_everywhere_is_cleared_portion_by_portion(make_tagged, monkeypatch):
    monkeypatch.setattr(vocabulary, "PLACES_AT_ONCE", 2)
    devlogs = [make_tagged("Foo", "Bar") for _ in range(5)]

    assert vocabulary.block([tag("foo").pk]) == 5
    assert [tags_of(devlog) for devlog in devlogs] == [["Bar"]] * 5


def test_an_alias_of_a_blocked_name_is_not_stored_either(make_tagged):
    make_tagged("Foo", "Bar")
    merge("foo", "bar")
    vocabulary.block([tag("bar").pk])

    assert tags_of(make_tagged("Foo", "Baz")) == ["Baz"]


def test_a_blocked_alias_stands_for_nothing_and_its_tag_stays(make_tagged):
    devlog = make_tagged("Foo", "Bar")
    merge("foo", "bar")
    vocabulary.block([tag("foo").pk])

    assert tags_of(make_tagged("Foo", "Baz")) == ["Baz"]
    assert tags_of(devlog) == ["Bar"]


def test_an_unblocked_name_comes_back_with_the_next_tagging(api, make_tagged, tag_again):
    devlog = make_tagged("Foo")
    vocabulary.block([tag("foo").pk])
    vocabulary.unblock([tag("foo").pk])

    tag_again(devlog, "Foo")

    assert names(api, devlog) == ["Foo"]


def test_a_person_cannot_set_a_blocked_name(api, make_tagged):
    devlog = make_tagged("Foo", "Bar")
    vocabulary.block([tag("foo").pk])

    response = api.put(address(devlog, "Foo"))

    assert (response.status_code, response.json()["errors"]) == (400, {"name": ["This name is blocked."]})
    assert names(api, devlog) == ["Bar"]


# -- manage.py merge_tags --------------------------------------------------------------------------------------------


def command(*arguments):
    out = io.StringIO()
    call_command("merge_tags", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_merges_by_name_or_slug_and_says_how_many(make_tagged):
    devlog = make_tagged("Foo")
    make_tagged("Foo", "C++")

    assert command("Foo", "c-plus-plus") == "Merged Foo into C++: 2 dev-logs, of which 1 had both.\n"
    assert tags_of(devlog) == ["C++"]


def test_a_dry_run_says_the_same_and_changes_nothing(make_tagged):
    devlog = make_tagged("Foo")
    make_tagged("Bar")

    assert command("Foo", "Bar", "--dry-run") == "Would merge Foo into Bar: 1 dev-logs, of which 0 had both.\n"
    assert tags_of(devlog) == ["Foo"]


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["Foo", "Nothing"], "There is no tag 'Nothing'."),
        (["Nothing", "Foo"], "There is no tag 'Nothing'."),
        (["Foo", "Foo"], "Foo cannot be merged into itself."),
        (["Foo", "Foo", "--dry-run"], "Foo cannot be merged into itself."),
    ],
)
def test_the_command_says_what_is_wrong(make_names, arguments, why):
    make_names("Foo")

    with pytest.raises(CommandError) as refused:
        command(*arguments)

    assert str(refused.value) == why


# -- Beside a worker -------------------------------------------------------------------------------------------------

CHANGES = [
    pytest.param(lambda: merge("foo", "bar"), ["Bar"], id="merge"),
    pytest.param(lambda: vocabulary.block([tag("foo").pk]), [], id="block"),
]


@pytest.fixture
def claimed(make_devlog, make_names):
    make_names("Foo", "Bar")
    make_devlog("Wrote Foo.")
    (job,) = claim()
    return job


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change, left", CHANGES)
def test_what_a_worker_is_just_storing_is_changed_too(claimed, change, left):
    with transaction.atomic():
        Job.objects.complete([answer(claimed, "Foo")])
        changed = beside(change)

    changed()
    assert tags_of(claimed.devlog) == left


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change, left", CHANGES)
def test_a_worker_that_settles_during_a_change_stores_what_the_names_mean_after_it(claimed, change, left):
    with transaction.atomic():
        change()
        settled = beside(lambda: Job.objects.complete([answer(claimed, "Foo")]))

    assert settled() == {claimed.fence}
    assert tags_of(claimed.devlog) == left


@pytest.mark.django_db(transaction=True)
def test_a_person_who_sets_a_tag_during_a_merge_means_what_it_means_after_it(api, claimed):
    with transaction.atomic():
        merge("foo", "bar")
        edited = beside(lambda: api.put(address(claimed.devlog, "Foo")).json()["name"])

    assert edited() == "Bar"
    assert [row.tag.name for row in DevLogTag.objects.all()] == ["Bar"]

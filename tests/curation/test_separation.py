"""A merge that is taken back or turned round: each dev-log carries again what it named, as far as it is told."""

import io

import pytest
from django.core.management import CommandError, call_command

from tagging.curation import vocabulary
from tagging.curation.separation import separate
from tagging.models import Attempt, DevLogTag, Removal, Tag
from tests.support.api import address, names, shown
from tests.support.extractors import Scripted
from tests.support.jobs import tags_of

pytestmark = pytest.mark.django_db


def tag(slug):
    return Tag.objects.get(slug=slug)


def merge(source, target):
    return vocabulary.merge(tag(source), tag(target))


def command(name, *arguments):
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


# -- Taken back ------------------------------------------------------------------------------------------------------


def test_each_devlog_carries_again_what_its_answer_named(make_tagged):
    foo, bar, both = make_tagged("Foo"), make_tagged("Bar"), make_tagged("Foo", "Bar")
    merge("foo", "bar")

    assert separate(tag("foo")) == (tag("bar"), 2, 0)

    assert [tags_of(devlog) for devlog in (foo, bar, both)] == [["Foo"], ["Bar"], ["Foo", "Bar"]]
    assert DevLogTag.objects.get(devlog=both, tag=tag("foo")).evidence == "Wrote Foo and Bar"


def test_so_do_devlogs_that_were_tagged_after_the_merge(make_tagged):
    make_tagged("Foo", "Bar")
    merge("foo", "bar")
    later, both = make_tagged("Foo"), make_tagged("Bar", "Foo")

    separate(tag("foo"))

    assert (tags_of(later), tags_of(both)) == (["Foo"], ["Bar", "Foo"])


def test_the_next_answer_tells_the_two_apart(make_tagged):
    make_tagged("Foo", "Bar")
    merge("foo", "bar")
    separate(tag("foo"))

    assert tags_of(make_tagged("Foo", "Bar")) == ["Foo", "Bar"]


def test_other_aliases_stay_with_their_tag(make_tagged):
    foo, baz = make_tagged("Foo"), make_tagged("Baz")
    make_tagged("Bar")
    merge("foo", "bar")
    merge("baz", "bar")

    separate(tag("foo"))

    assert (tags_of(foo), tags_of(baz)) == (["Foo"], ["Bar"])
    assert tag("baz").alias_of == tag("bar")


def test_what_people_set_goes_back_to_the_name_they_said(api, make_devlog, make_tagged):
    make_tagged("Foo", "Bar")
    foo, bar, later = make_devlog("x"), make_devlog("x"), make_devlog("x")
    api.put(address(foo, "Foo"))
    api.put(address(bar, "Bar"))
    merge("foo", "bar")
    api.put(address(later, "foo"))

    separate(tag("foo"))

    assert [shown(api, each) for each in (foo, bar, later)] == [[(name, "person")] for name in ("Foo", "Bar", "Foo")]


def test_what_people_took_off_stays_off_under_the_name_they_said_alone(api, make_tagged, tag_again):
    devlog = make_tagged("Foo", "Bar")
    api.delete(address(devlog, "foo"))
    merge("foo", "bar")
    assert names(api, devlog) == []

    separate(tag("foo"))

    assert names(api, devlog) == ["Bar"]
    assert [removal.tag.name for removal in Removal.objects.all()] == ["Foo"]
    tag_again(devlog, "Foo", "Bar")
    assert names(api, devlog) == ["Bar"]


def test_a_persons_tag_and_what_an_answer_found_beside_it_are_both_there_again(api, make_tagged):
    devlog = make_tagged("Foo", "Bar")
    api.put(address(devlog, "Bar"))
    merge("foo", "bar")

    separate(tag("foo"))

    assert sorted(shown(api, devlog)) == [("Bar", "person"), ("Foo", "scripted:model-1")]


def test_what_nothing_tells_of_stays_and_is_counted(make_tagged):
    devlog = make_tagged("Foo")
    make_tagged("Bar")
    merge("foo", "bar")
    DevLogTag.objects.update(spelling="")
    Attempt.objects.filter(job=devlog.pk).update(answer=None)

    assert command("separate_tag", "Foo") == (
        "Separated Foo from Bar: 0 dev-logs carry it again. "
        "Nothing tells of 1 more which of the two they named; they stay.\n"
    )
    assert tags_of(devlog) == ["Bar"]


def test_where_the_answer_is_gone_the_spelling_tells(make_tagged):
    devlog = make_tagged("Foo")
    make_tagged("Bar")
    DevLogTag.objects.update(spelling="")  # as before there were spellings
    merge("foo", "bar")
    Attempt.objects.update(answer=None)

    separate(tag("foo"))

    assert tags_of(devlog) == ["Foo"]


def test_more_than_one_portion_is_given_back(make_devlog, run_jobs, make_tagged):
    make_tagged("Bar")
    devlogs = [make_devlog("Wrote Foo.") for _ in range(160)]
    run_jobs(Scripted(*[["Foo"]] * 160))
    merge("foo", "bar")

    assert separate(tag("foo")).devlogs == 160
    assert {tuple(tags_of(devlog)) for devlog in devlogs} == {("Foo",)}


def test_only_an_alias_can_be_separated(make_tagged):
    make_tagged("Foo")

    with pytest.raises(CommandError) as refused:
        command("separate_tag", "Foo")

    assert str(refused.value) == "Foo is no alias."


# -- Turned round ----------------------------------------------------------------------------------------------------


def test_a_merge_the_other_way_turns_it_round(make_tagged):
    foo, both = make_tagged("Foo"), make_tagged("Foo", "Bar")
    command("merge_tags", "Foo", "Bar")

    assert command("merge_tags", "Bar", "Foo") == "Merged Bar into Foo: 2 dev-logs, of which 0 had both.\n"

    assert (tags_of(foo), tags_of(both), tags_of(make_tagged("Bar"))) == (["Foo"], ["Foo"], ["Foo"])
    assert (tag("foo").alias_of, tag("bar").alias_of) == (None, tag("foo"))


def test_the_other_aliases_come_along(make_tagged):
    make_tagged("Foo", "Bar", "Baz")
    merge("foo", "bar")
    merge("baz", "bar")

    merge("bar", "foo")

    assert tags_of(make_tagged("Baz")) == ["Foo"]


def test_a_merge_that_was_turned_round_can_be_taken_back(make_tagged):
    foo, bar, both = make_tagged("Foo"), make_tagged("Bar"), make_tagged("Foo", "Bar")
    merge("foo", "bar")
    merge("bar", "foo")

    separate(tag("bar"))

    assert [tags_of(devlog) for devlog in (foo, bar, both)] == [["Foo"], ["Bar"], ["Foo", "Bar"]]

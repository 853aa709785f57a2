"""How a tag is spelt: as the lexicon does, as a person said, else as most do; and which names are two."""

import pytest
from django.contrib.auth.models import User

from devlogs.models import DevLog
from tagging.curation import vocabulary
from tagging.models import DevLogTag, Tag, sql
from tagging.models.tag import SPELLINGS_COUNTED, most_used, slug_of
from tests.support.api import address, names
from tests.support.extractors import Scripted
from tests.support.jobs import tags_of

pytestmark = pytest.mark.django_db


def spelt():
    return list(Tag.objects.values_list("name", flat=True))


# -- By usage --------------------------------------------------------------------------------------------------------


def test_who_is_first_does_not_say_how_a_tag_is_spelt_for_all(make_tagged):
    first = make_tagged("quiddle-DB")
    for _ in range(2):
        make_tagged("Quiddle-DB")

    assert tags_of(first) == ["Quiddle-DB"]


def test_one_that_shouts_is_not_followed_even_when_only_one_does_not(make_tagged):
    first = make_tagged("QUIDDLE-DB")
    make_tagged("Quiddle-DB")

    assert tags_of(first) == ["Quiddle-DB"]


def test_two_spellings_in_one_commit_are_counted_too(make_devlog, run_jobs):
    for entry in ("Wrote quuX.", "Wrote Quux.", "Wrote Quux again."):
        make_devlog(entry)
    run_jobs(Scripted(["quuX"], ["Quux"], ["Quux"]))

    assert spelt() == ["Quux"]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_person_who_sets_a_tag_on_their_own_devlog_does_not_rename_it_for_others(api, make_tagged, is_first):
    mine = None if is_first else make_tagged("Quux")
    for _ in range(3):
        other = make_tagged("Foo")
        assert api.put(address(other, "qUuX !!!")).status_code == 201
    mine = mine or make_tagged("Quux")

    assert tags_of(mine) == ["Quux"]
    assert names(api, other)[1:] == ["Quux"]


def test_where_nobody_else_names_it_a_tag_is_spelt_as_the_person_did_without_punctuation(api, make_devlog):
    assert api.put(address(make_devlog(), "qUuX !!!")).json() == {
        "name": "qUuX",
        "slug": "quux",
        "source": "person",
        "kind": "",
        "evidence": "",
    }


def test_one_author_with_many_devlogs_does_not_outvote_two_others(make_tagged):
    ada, bob, eve = (User.objects.create_user(name) for name in ("ada", "bob", "eve"))
    for _ in range(5):
        make_tagged("qUUx", author=eve)
    make_tagged("Quux", author=ada)
    make_tagged("Quux", author=bob)

    assert spelt() == ["Quux"]


def test_the_spelling_of_an_alias_is_not_its_tags(make_tagged):
    make_tagged("Foo", "Bar")
    vocabulary.merge(Tag.objects.get(slug="foo"), Tag.objects.get(slug="bar"))
    for _ in range(3):
        make_tagged("Foo")
    make_tagged("bar")

    assert Tag.objects.get(slug="bar").name == "Bar"


def test_the_lexicons_spelling_takes_a_tag_that_was_unknown_before(make_tagged):
    Tag.objects.create(name="redis", slug="redis")

    make_tagged("redis")

    assert spelt() == ["Redis"]


def test_rows_without_a_spelling_count_for_the_name_that_stands():
    old = [("", None, True)] * 2

    assert most_used("Quux", [*old, ("quuX", None, True)]) == "Quux"
    assert most_used("Quux", [*old, *[("quuX", None, True)] * 3]) == "quuX"


def test_so_many_of_the_latest_places_decide_and_no_more_are_read(make_tagged):
    make_tagged("Quux")
    tag, attempt = Tag.objects.get(), DevLogTag.objects.get().attempt
    more = DevLog.objects.bulk_create(DevLog(entry="x") for _ in range(SPELLINGS_COUNTED))
    DevLogTag.objects.bulk_create(DevLogTag(devlog=each, tag=tag, attempt=attempt, spelling="quux") for each in more)

    assert sql.spellings(tag.pk, SPELLINGS_COUNTED) == [("quux", None, True)] * SPELLINGS_COUNTED


# -- By a person -----------------------------------------------------------------------------------------------------


def rename(slug, name):
    vocabulary.rename(Tag.objects.select_related("alias_of").get(slug=slug), name)


def test_a_persons_spelling_stays_whatever_is_found_later(make_tagged):
    devlog = make_tagged("QUIDDLE-DB")
    rename("quiddle-db", "Quiddle-DB")
    for _ in range(3):
        make_tagged("QUIDDLE-DB")
        make_tagged("quiddle-db")

    assert tags_of(devlog) == ["Quiddle-DB"]


def test_a_persons_spelling_stays_before_the_lexicons(make_tagged):
    devlog = make_tagged("Node.js")
    rename("nodejs", "NodeJS")
    make_tagged("Node.js")

    assert tags_of(devlog) == ["NodeJS"]


def test_another_name_takes_the_old_ones_place_which_becomes_its_alias(api, make_tagged):
    devlog = make_tagged("Quidle")
    rename("quidle", "Quiddle")

    assert tags_of(devlog) == ["Quiddle"]
    assert tags_of(make_tagged("Quidle")) == tags_of(make_tagged("Quiddle")) == ["Quiddle"]
    assert len(api.get("/api/v1/devlogs/", {"tag": "quidle"}).json()["results"]) == 3


@pytest.mark.parametrize(
    "slug, name, why",
    [
        ("foo", "Bar", "There is Bar already: merge Foo into it."),
        ("alias", "Baz", "Alias is an alias: its spelling may change, but Baz is another name."),
        ("blocked", "Baz", "Blocked is blocked: its spelling may change, but Baz is another name."),
    ],
)
def test_a_name_that_means_something_else_is_refused_and_the_way_is_named(slug, name, why):
    bar = Tag.objects.create(name="Bar", slug="bar")
    Tag.objects.create(name="Foo", slug="foo")
    Tag.objects.create(name="Alias", slug="alias", alias_of=bar)
    Tag.objects.create(name="Blocked", slug="blocked", is_blocked=True)

    with pytest.raises(vocabulary.VocabularyError) as refused:
        rename(slug, name)

    assert str(refused.value) == why


# -- Names that differ by a sign -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, other", [("F*", "F"), ("C--", "C"), ("Go!", "Go"), ("Zorb*", "Zorb"), ("F#", "F"), ("C++", "C")]
)
def test_names_that_differ_by_a_sign_are_two_tags(api, make_devlog, name, other):
    devlog = make_devlog("Slept well.")

    slugs = {api.put(address(devlog, each)).json()["slug"] for each in (name, other)}

    assert len(slugs) == 2
    assert sorted(names(api, devlog)) == sorted([name, other])
    assert api.delete(address(devlog, name)).status_code == 204
    assert names(api, devlog) == [other]


@pytest.mark.parametrize("written", ["Zorb!", "Zorb,", "(Zorb)", "„Zorb“", "Redis!", "Redis*", "Redis--", "Django."])
def test_punctuation_makes_no_second_tag(written):
    assert slug_of(written) == slug_of(written.strip("!,()„“*-."))


@pytest.mark.parametrize(
    "name, slug",
    [
        *[("C++", "c-plus-plus"), ("C#", "c-sharp"), (".NET", "dot-net"), ("F*", "f-star"), ("C--", "c-minus-minus")],
        *[("Go!", "go-bang"), ("Go", "go"), ("Node.js", "nodejs"), ("Client/Server", "clientserver")],
    ],
)
def test_a_slug_speaks_the_signs_of_a_name(name, slug):
    assert slug_of(name) == slug

"""The words of an entry that show its tags, marked where they stand."""

import re
from html import unescape

import pytest

from tagging.looks.marks import marked
from tagging.models import DevLogTag, Tag
from tagging.models.tag import slug_of


def found(name, evidence, position):
    return DevLogTag(tag=Tag(name=name, slug=slug_of(name)), evidence=evidence, position=position)


def test_an_entry_without_tags_is_only_escaped():
    assert marked("1 < 2 & <b>3</b>", []) == "1 &lt; 2 &amp; &lt;b&gt;3&lt;/b&gt;"


def test_the_words_that_show_a_tag_are_marked_and_its_name_among_them():
    shown = marked("Moved to Django. Slept.", [found("Django", "Moved to Django.", 9)])
    assert shown == (
        '<mark data-tag="django">Moved to </mark><mark data-tag="django" data-name="django">Django</mark>'
        '<mark data-tag="django">.</mark> Slept.'
    )


def test_of_words_that_stand_there_twice_those_around_the_name_are_marked():
    shown = marked("go on, go home", [found("Go", "go", 7)])
    assert shown == 'go on, <mark data-tag="go" data-name="go">go</mark> home'


def test_words_that_show_two_tags_are_marked_once_for_both():
    both = [found("Django", "Django Celery", 0), found("Celery", "Django Celery", 7)]
    assert marked("Django Celery", both) == (
        '<mark data-tag="django celery" data-name="django">Django</mark><mark data-tag="django celery"> </mark>'
        '<mark data-tag="django celery" data-name="celery">Celery</mark>'
    )


def test_words_that_overlap_are_marked_for_each_tag_as_far_as_its_own_go():
    shown = marked("use Vue in Nuxt now", [found("Vue", "use Vue in Nuxt", 4), found("Nuxt", "in Nuxt now", 11)])
    assert '<mark data-tag="vue nuxt">in </mark>' in shown
    assert '<mark data-tag="nuxt"> now</mark>' in shown


def test_an_alias_is_marked_as_it_is_written():
    shown = marked("On k8s, finally", [found("Kubernetes", "On k8s", 3)])
    assert 'data-name="kubernetes">k8s</mark>' in shown


@pytest.mark.parametrize("words", ["gone since the edit", "", "   ", "[secret]"])
def test_words_that_do_not_stand_there_are_marked_nowhere(words):
    assert marked("Wrote it in Go", [found("Go", words, 12)]) == "Wrote it in Go"


def test_words_with_a_place_that_is_not_theirs_are_marked_where_they_stand():
    assert marked("in Go", [found("Go", "in Go", 400)]) == '<mark data-tag="go">in Go</mark>'


def test_hostile_text_stays_text():
    entry = '<script>alert("Go")</script> & <img src=x onerror=alert(1)>'
    shown = marked(entry, [found("Go", entry, 15), found('x"><b>', "<script>", 0)])
    for tag in ("<script", "<img", "<b>"):
        assert tag not in shown


def test_all_of_the_entry_is_there_in_its_order():
    entry = "a &\n\n b   <c> Django\t"
    shown = marked(entry, [found("Django", "<c> Django", 14), found("C", "b   <c>", 11)])
    assert unescape(re.sub("<[^>]*>", "", shown)) == entry

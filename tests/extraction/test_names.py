"""Where a name ends: the signs behind it that belong to it, and the punctuation that does not."""

import pytest

from tagging.extraction.base import Technology
from tagging.extraction.embedded.extractor import EmbeddedExtractor
from tagging.extraction.grounding import ground
from tagging.extraction.names import canonical, sign_of, trim


def grounded(entry, *names):
    return [mention.name for mention in ground([Technology(name) for name in names], entry).mentions]


@pytest.mark.parametrize(
    "name", ["F*", "C--", "A*", "Go!", "HACL*", "C++", "C#", "kdb+", ".NET", "Foo (bar)", "(Neo)vim"]
)
def test_what_belongs_to_a_name_stays(name):
    assert trim(name) == name


@pytest.mark.parametrize(
    "written",
    [
        *("Redis!", "Redis!!!", "Redis,", "Redis:", "Redis?", "Redis…", "Redis –", "Redis !!!", "Redis--", "Redis*"),
        *("(Redis)", "(Redis),", "„Redis“", "«Redis»", "`Redis`", "'Redis'.", "*Redis*", "**Redis**", "#Redis"),
    ],
)
def test_punctuation_around_a_name_is_no_part_of_it(written):
    assert trim(written) == "Redis"


@pytest.mark.parametrize("written, name", [("**F***", "F*"), ("„F*“", "F*"), ("F*!", "F*"), ("(C--)", "C--")])
def test_a_sign_that_belongs_to_a_name_is_told_from_punctuation_around_it(written, name):
    assert trim(written) == name


@pytest.mark.parametrize("text", ["", "!!!", "*", "--", "( )", "„“", "***", "()"])
def test_signs_alone_are_no_name(text):
    assert not any(character.isalnum() for character in trim(text))


@pytest.mark.parametrize(
    "name, sign", [("F*", "*"), ("C--", "--"), ("go!", "!"), ("Zorb!", ""), ("Redis*", ""), ("F", "")]
)
def test_a_sign_counts_where_the_lexicon_does_not_know_better(name, sign):
    assert sign_of(name) == sign


@pytest.mark.parametrize(
    "name, expected", [("go!", "Go!"), ("go", "Go"), ("C--", "C--"), ("c", "c"), ("F*", "F*"), ("F", "F")]
)
def test_the_lexicons_name_is_not_given_to_another_one(name, expected):
    assert canonical(name) == expected


@pytest.mark.parametrize(
    "name, other", [("R*", "R"), ("C--", "C"), ("Go!", "Go"), ("D*", "D"), ("Zorb*", "Zorb"), ("F*", "F#")]
)
def test_names_that_differ_by_a_sign_are_two(name, other):
    assert (grounded(f"Gelernt: {name}", name), grounded(f"Gelernt: {other}", other)) == ([name], [other])
    assert sorted(grounded(f"Mit {name} und {other} gearbeitet.", name, other)) == sorted([name, other])


@pytest.mark.parametrize(
    "entry, answer, name",
    [
        ("Gelernt: Go", "Go!", "Go"),
        ("Gelernt: Go!", "Go", "Go"),
        ("Wrote C.", "C--", "C"),
        ("Wrote **Zorb** today.", "Zorb*", "Zorb"),
        ("Wrote *D* today.", "D*", "D"),
        ("Foo-- bar.", "Foo", "Foo"),
        ("Endlich Zorb!", "Zorb!", "Zorb"),
        ("Endlich Redis!", "Redis!", "Redis"),
    ],
)
def test_a_sign_that_the_entry_does_not_have_there_is_dropped(entry, answer, name):
    assert grounded(entry, answer) == [name]


def test_a_name_with_a_sign_takes_its_place_from_where_the_sign_stands():
    (mention,) = ground([Technology("C--")], "Once C, now C--.").mentions

    assert mention.position == 12


@pytest.mark.parametrize("entry", ["Grade F in the exam.", "Pressed F to pay respects."])
def test_a_letter_is_not_the_name_that_has_a_sign_behind_it(entry):
    assert "F*" not in [technology.name for technology in EmbeddedExtractor().extract(entry).technologies]

"""Each package that may run is under a licence that somebody has looked at."""

import pytest

from tests.support import licences

PAGE = licences.PAGE.read_text(encoding="utf-8")
LISTED = licences.listed(PAGE)
INSTALLED = [name for name in licences.wanted() if licences.said_by(name)]


def test_all_that_may_run_is_listed_with_what_brings_it():
    assert {name: file for name, (_, file) in LISTED.items()} == licences.wanted(), "Run: make licences"


@pytest.mark.parametrize("name", LISTED)
def test_its_licence_is_allowed(name):
    licence, _ = LISTED[name]

    assert licences.is_allowed(licence), f"Read the licence of {name}, then add it to ALLOWED or do without it."


@pytest.mark.parametrize("name", INSTALLED)
def test_what_is_installed_says_so_itself(name):
    assert LISTED[name][0] == licences.said_by(name), "Run: make licences"


def test_enough_is_installed_to_know():
    assert len(INSTALLED) > 40


@pytest.mark.parametrize(
    ("expression", "is_allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND BSD-3-Clause", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-only", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_a_choice_is_allowed_if_all_that_it_joins_is(expression, is_allowed):
    assert licences.is_allowed(expression) is is_allowed

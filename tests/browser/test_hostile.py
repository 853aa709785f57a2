"""Entries and names that would break a page, run in it or lead astray are shown as what they are: text."""

import pytest
from playwright.sync_api import expect

from tests.browser.looks import check
from tests.support.browsing import HOSTILE, HOSTILE_NAMES


def test_hostile_entries_are_text_on_their_authors_page(enter):
    page = enter("mallory")
    page.goto("/")

    expect(page.locator(".entry .words")).to_have_text(HOSTILE[::-1])
    expect(page).to_have_title("My logs · Dev-log")
    check(page)


@pytest.mark.parametrize("address", ["/stack/", "/?tag=hostile-0", "/?q=%3Cscript%3E", "/?tag=%3Cscript%3E&nothing=1"])
def test_hostile_names_are_text_in_filters_and_figures(enter, address, troubles):
    page = enter("mallory")
    page.goto(address)

    check(page)
    troubles[:] = [trouble for trouble in troubles if "400" not in trouble]


@pytest.mark.parametrize("address", ["/admin/devlogs/devlog/", "/admin/tagging/tag/"])
def test_the_admin_shows_them_as_text_too(enter, address):
    page = enter("boss")
    page.goto(f"{address}?q=X" if "tag/" in address else address)

    expect(page.get_by_text(HOSTILE_NAMES[0]).first).to_be_attached()
    check(page)


def test_a_text_that_changes_direction_changes_nothing_around_it(enter):
    page = enter("mallory")
    page.goto("/")
    card = page.locator(".entry").filter(has_text="Redis").first

    order = card.evaluate("(card) => getComputedStyle(card).direction")

    assert order == "ltr"
    assert card.locator("bdi.words").evaluate("(e) => getComputedStyle(e).unicodeBidi") in ("isolate", "plaintext")

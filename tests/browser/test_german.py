"""The pages in German: by what the browser prefers, and by the switch."""

import pytest
from playwright.sync_api import expect

from tests.browser.looks import check


def test_a_browser_that_prefers_german_gets_it(enter):
    page = enter("ada", locale="de-DE")
    page.goto("/")

    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_label("Was hast du heute gemacht?")).to_be_focused()
    check(page)


def test_the_switch_outlives_the_page_and_what_is_typed(enter, writer):
    page = enter(writer)
    page.goto("/")
    page.get_by_label("What did you do today?").fill("Halb fertig")

    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_label("Was hast du heute gemacht?")).to_have_value("Halb fertig")
    page.goto("/stack/")
    expect(page.get_by_role("heading", level=1, name="Mein Stack")).to_be_visible()
    page.get_by_role("button", name="English").click()

    expect(page.get_by_role("heading", level=1, name="My stack")).to_be_visible()


def test_german_entries_get_their_tags_and_that_is_said_in_german(enter, writer):
    page = enter(writer, locale="de-DE")
    page.goto("/")
    page.get_by_label("Was hast du heute gemacht?").fill("Die Sitzungen der Django-App nach Redis umgezogen.")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("status").filter(has_text="Gefundene Tags: Django, Redis")).to_be_attached()


@pytest.mark.parametrize("address", ["/stack/", "/account/", "/login/", "/admin/"])
def test_a_page_in_german_shows_no_fault(enter, address):
    page = enter("boss", locale="de-DE")
    page.goto(address)

    expect(page.locator("html")).to_have_attribute("lang", "de")
    check(page)

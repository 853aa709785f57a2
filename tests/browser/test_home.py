"""The page at `/` in a real browser: entries are saved, tags come, and nothing typed is lost."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looks import check, expected

# Of what has the focus, among all that may have it.
PLACE_IN_THE_PAGE = "[...document.querySelectorAll('*')].indexOf(document.activeElement)"
ENTRY = "Moved the sessions of a Django app to Redis."


def box(page):
    return page.get_by_label("What did you do today?")


def chips(page):
    return page.locator(".entry").first.locator(".chip bdi")


def test_tags_arrive_without_a_reload_and_what_is_typed_meanwhile_stays(enter, writer):
    page = enter(writer)
    page.goto("/")
    page.evaluate("window.isTheSamePage = true")
    expect(box(page)).to_be_focused()

    box(page).fill(ENTRY)
    page.keyboard.press("Control+Enter")
    page.keyboard.type("And then")

    expect(page.locator(".entry .words")).to_have_text(ENTRY)
    expect(chips(page)).to_have_text(["Django", "Redis"])
    expect(page.get_by_role("status").filter(has_text="Tags found: Django, Redis")).to_be_attached()
    expect(box(page)).to_have_value("And then")
    expect(box(page)).to_be_focused()
    assert page.evaluate("window.isTheSamePage")


def test_the_words_of_a_tag_are_marked_while_one_points_at_it(enter, writer):
    page = enter(writer)
    page.goto("/")
    box(page).fill(ENTRY)
    page.keyboard.press("Control+Enter")

    chips(page).filter(has_text="Redis").hover()

    expect(page.locator("mark.is-named")).to_have_text(["Redis"])


def test_an_entry_that_cannot_be_saved_says_why_and_stays_in_the_box(enter, writer, troubles):
    page = enter(writer)
    page.goto("/")

    box(page).fill("   ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="Write something first")).to_be_visible()
    box(page).fill("a" * 20_001)
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert").filter(has_text="at most 20000 characters")).to_be_visible()
    assert len(box(page).input_value()) == 20_001
    assert expected(troubles, "400") == 2


def test_a_draft_is_still_there_when_the_page_is_opened_again(enter, writer):
    page = enter(writer)
    page.goto("/")
    box(page).fill("Half a sentence")

    page.reload()

    expect(box(page)).to_have_value("Half a sentence")


def test_without_a_script_an_entry_is_saved_and_its_page_shows_the_tags(enter, writer):
    page = enter(writer, java_script_enabled=False)
    page.goto("/")
    box(page).fill(ENTRY)
    page.get_by_role("button", name="Save").click()

    expect(page).to_have_url(re.compile(r"/entries/\d+/$"))
    expect(chips(page)).to_have_text(["Django", "Redis"])  # the page asks again by itself
    page.get_by_role("link", name="Write the next one").click()
    expect(page.locator(".entry .words")).to_have_text(ENTRY)


def test_a_tag_filters_a_search_finds_and_both_are_taken_off_again(enter):
    page = enter("ada")
    page.goto("/")
    everything = page.locator(".entry")
    expect(everything).to_have_count(7)

    page.locator(".chip a", has_text="PostgreSQL").click()
    expect(everything).to_have_count(1)
    page.locator(".set").get_by_role("link", name="PostgreSQL").click()
    page.get_by_role("searchbox").fill("Day 3")
    page.keyboard.press("Enter")
    expect(everything).to_have_count(1)
    page.get_by_role("link", name="Show all").first.click()

    expect(everything).to_have_count(7)


def test_the_keys_lead_through_the_page(enter):
    page = enter("ada")
    page.goto("/")
    page.keyboard.press("Escape")

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".entry").first).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")

    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value("")


def test_the_tab_key_meets_what_is_there_in_the_order_in_which_it_stands(enter):
    page = enter("ada")
    page.goto("/")
    page.evaluate("document.activeElement.blur()")
    met = []
    for _ in range(12):
        page.keyboard.press("Tab")
        met.append(page.evaluate(PLACE_IN_THE_PAGE))

    assert met == sorted(met)
    assert len(set(met)) == 12


def test_a_page_with_nothing_on_it_says_what_to_do_next(enter):
    page = enter("grace")
    page.goto("/")
    check(page)

    page.get_by_role("link", name="Try it with an example").click()

    expect(box(page)).to_have_value(re.compile("ImaginaryNoneExistence Cloud"))


@pytest.mark.parametrize("address", ["/", "/?q=nothing-like-it", "/?state=done"])
def test_the_page_shows_no_fault(enter, address):
    page = enter("ada")
    page.goto(address)

    check(page)


def test_a_filter_that_there_is_not_is_named_and_can_be_left(enter, troubles):
    page = enter("ada")
    page.goto("/?kind=none")
    check(page)

    page.get_by_role("alert").get_by_role("link", name="Show all").click()

    expect(page.locator(".entry")).to_have_count(7)
    assert expected(troubles, "400") == 1

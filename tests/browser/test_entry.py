"""What an author does with an entry, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looks import check

TEXT = "Moved the sessions of a Django app to Redis."


def written(page, text=TEXT):
    """Write an entry on the page, and return its card with its tags."""
    page.goto("/")
    page.get_by_label("What did you do today?").fill(text)
    page.keyboard.press("Control+Enter")
    card = page.locator(".entry").first
    expect(card.locator(".chip")).not_to_have_count(0)
    return card


def tags(card):
    return card.locator(".chip bdi")


def test_an_entry_is_changed_in_its_place_and_tagged_anew(enter, writer):
    card = written(page := enter(writer))

    card.get_by_role("link", name="Edit").click()
    page.get_by_label("Entry", exact=True).fill("Moved them to PostgreSQL.")
    page.keyboard.press("Control+Enter")

    expect(card.locator(".words")).to_have_text("Moved them to PostgreSQL.")
    expect(tags(card)).to_have_text(["PostgreSQL"])


def test_an_edit_that_meets_another_one_shows_both_and_loses_neither(enter, writer, troubles):
    card = written(page := enter(writer))
    other = page.context.new_page()
    other.goto("/")
    for tab in (page, other):
        tab.locator(".entry").first.get_by_role("link", name="Edit").click()
    other.get_by_label("Entry", exact=True).fill("In the other tab: Celery.")
    other.keyboard.press("Control+Enter")
    expect(other.locator(".entry .words")).to_have_text("In the other tab: Celery.")

    page.get_by_label("Entry", exact=True).fill("In this tab: nginx.")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".meanwhile .words")).to_have_text("In the other tab: Celery.")
    expect(page.get_by_label("Entry", exact=True)).to_have_value("In this tab: nginx.")
    check(page)
    page.get_by_role("button", name="Save what I wrote in its place").click()
    expect(card.locator(".words")).to_have_text("In this tab: nginx.")
    troubles[:] = [trouble for trouble in troubles if "409" not in trouble]


def test_what_was_deleted_can_be_brought_back(enter, writer):
    card = written(page := enter(writer))

    card.get_by_role("button", name="Delete").click()
    expect(page.locator(".entry")).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator(".entry .words")).to_have_text(TEXT)
    expect(tags(page.locator(".entry").first)).to_have_text(["Django", "Redis"])
    page.reload()
    expect(page.locator(".entry .words")).to_have_text(TEXT)


def test_an_entry_becomes_private_and_says_so(enter, writer):
    card = written(page := enter(writer))

    card.get_by_role("button", name="Make private").click()

    expect(card.locator(".badge")).to_have_text("Private")
    page.reload()
    expect(page.locator(".entry .badge")).to_have_text("Private")


def test_an_entry_becomes_public_once_one_has_read_what_follows(enter, writer):
    card = written(page := enter(writer))
    card.get_by_role("button", name="Make private").click()
    expect(card.locator(".badge")).to_have_text("Private")

    card.get_by_text("Make public …").click()
    expect(card.get_by_text("the text is sent there")).to_be_visible()
    check(page)
    card.get_by_role("button", name="Make public").click()

    expect(card.locator(".badge")).to_have_count(0)


def test_an_entry_and_its_open_form_are_one_card_with_one_set_of_buttons(enter, writer):
    card = written(page := enter(writer))

    for link, form in (("Edit", ".entry-form.edit"), ("+ Tag", ".entry-form.tag")):
        card.get_by_role("link", name=link).click()
        expect(page.locator(form)).to_be_visible()
        check(page)
        top, below = card.bounding_box(), page.locator(form).bounding_box()
        assert top["y"] + top["height"] == pytest.approx(below["y"], abs=1)
        expect(card.get_by_role("button", name="Delete")).to_be_hidden()
        page.get_by_text("Cancel").click()
        expect(card.get_by_role("button", name="Delete")).to_be_visible()


def test_a_tag_is_taken_off_for_good_and_another_set_from_the_suggestions(enter, writer):
    card = written(page := enter(writer))

    card.get_by_role("button", name="Take Django off").click()
    expect(tags(card)).to_have_text(["Redis"])
    card.get_by_role("link", name="Tag", exact=False).filter(has_text="+").click()
    page.get_by_label("Add a tag").press_sequentially("cel")
    expect(page.locator("datalist option[value='Celery']")).to_be_attached()
    page.get_by_label("Add a tag").fill("Celery")
    page.keyboard.press("Enter")
    expect(tags(card)).to_have_text(["Redis", "Celery"])
    card.get_by_role("button", name="Tag again").click()

    expect(card).to_have_attribute("data-state", "done")
    page.reload()
    expect(tags(card)).to_have_text(["Redis", "Celery"])


def test_without_a_script_the_same_is_done_by_pages(enter, writer):
    page = enter(writer, java_script_enabled=False)
    page.goto("/")
    page.get_by_label("What did you do today?").fill(TEXT)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".chip bdi")).to_have_text(["Django", "Redis"])

    page.get_by_role("button", name="Take Django off").click()
    expect(page.locator(".chip bdi")).to_have_text(["Redis"])
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Entry", exact=True).fill("Rewrote it with Celery.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".words")).to_have_text("Rewrote it with Celery.")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()

    expect(page.locator(".words")).to_have_text("Rewrote it with Celery.")


def test_its_page_and_its_forms_show_no_fault(enter, writer):
    card = written(page := enter(writer))
    address = card.get_attribute("data-url")

    for path in (address, f"{address}edit/", f"{address}tags/"):
        assert page.goto(path).status == 200
        check(page)


def test_another_ones_entry_is_not_there(enter, writer, troubles):
    address = written(enter(writer)).get_attribute("data-url")
    page = enter("grace")

    assert page.goto(address).status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("nothing here"))
    check(page)
    assert len(troubles) == 1
    troubles.clear()

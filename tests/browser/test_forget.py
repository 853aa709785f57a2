"""What was typed and not saved: forgotten by who leaves knowingly, kept for who was only logged out."""

import pytest
from playwright.sync_api import expect

from tests.support.browsing import PASSWORD

TEXT = "Half a day with Django and Redis."


def box(page):
    return page.get_by_label("What did you do today?")


def log_in(page, name):
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def drafts(page):
    return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length")


@pytest.fixture
def typed(enter, writer):
    """A page of a writer with a draft, in a browser that keeps another person's too."""
    page = enter(writer)
    page.goto("/")
    box(page).fill(TEXT)
    page.evaluate("localStorage.setItem('draft:999999:1.5', JSON.stringify({ text: 'Theirs', at: 1 }))")
    assert drafts(page) == 2
    return page


def test_a_logout_forgets_ones_own_drafts_and_no_others(typed, writer):
    typed.get_by_role("button", name="Log out").click()
    expect(typed.get_by_text("You are logged out.")).to_be_visible()

    assert drafts(typed) == 1
    log_in(typed, writer)
    expect(box(typed)).to_have_value("")


def test_who_deletes_everything_leaves_no_drafts(typed):
    typed.goto("/account/delete/")
    typed.get_by_role("checkbox").check()
    typed.get_by_label("Your password").fill(PASSWORD)
    typed.get_by_role("button", name="Delete everything").click()
    expect(typed.get_by_text("Everything is deleted")).to_be_visible()

    assert drafts(typed) == 1
    typed.goto("/")
    expect(box(typed)).to_have_value("")


def test_a_session_that_ran_out_keeps_them(typed, writer):
    typed.context.clear_cookies(name="sessionid")
    typed.goto("/")
    log_in(typed, writer)

    expect(box(typed)).to_have_value(TEXT)

"""Logins that end and begin while somebody writes: nothing typed is lost."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looks import check, expected
from tests.support.browsing import PASSWORD

TEXT = "Half a day with Django and Redis."


def box(page):
    return page.get_by_label("What did you do today?")


def log_in(page, name):
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_a_login_leads_to_where_one_wanted_to_go(enter):
    page = enter()
    page.goto("/stack/")
    check(page)

    log_in(page, "ada")

    expect(page).to_have_url(re.compile("/stack/$"))
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_wrong_password_is_said_at_the_form(enter):
    page = enter()
    page.goto("/login/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_text("Please enter a correct username and password")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_value("ada")
    check(page)


def test_a_session_that_ended_while_one_typed_costs_nothing_typed(enter, writer, troubles):
    page = enter(writer)
    page.goto("/")
    box(page).fill(TEXT)
    page.context.clear_cookies(name="sessionid")

    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="You are logged out")).to_be_visible()
    expect(box(page)).to_have_value(TEXT)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="log in in a new tab").click()
    log_in(opened.value, writer)
    expect(box(opened.value)).to_be_visible()
    page.bring_to_front()
    page.get_by_role("button", name="Save").click()

    expect(page.locator(".entry .words")).to_have_text(TEXT)
    expect(box(page)).to_have_value("")
    assert expected(troubles, "401") == 1


def test_who_has_lost_all_cookies_is_told_to_log_in_and_nothing_else(enter, writer, troubles):
    page = enter(writer)
    page.goto("/")
    box(page).fill(TEXT)
    page.context.clear_cookies()

    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("alert").filter(visible=True)).to_have_text([re.compile("You are logged out")])
    expect(box(page)).to_have_value(TEXT)
    assert expected(troubles, "403") == 1
    assert expected(troubles, "401") == 1


def test_without_a_script_the_login_carries_the_text_along(enter, writer, troubles):
    page = enter(writer, java_script_enabled=False)
    page.goto("/")
    box(page).fill(TEXT)
    page.context.clear_cookies(name="sessionid")

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("What you wrote is not lost")).to_be_visible()
    log_in(page, writer)

    expect(box(page)).to_have_value(TEXT)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".entry .words")).to_have_text(TEXT)
    assert expected(troubles, "403") <= 1


@pytest.mark.parametrize("has_script", [True, False], ids=["with a script", "without"])
def test_who_logs_in_again_in_another_tab_saves_in_the_first(enter, writer, has_script, troubles):
    page = enter(writer, java_script_enabled=has_script)
    page.goto("/")
    box(page).fill(TEXT)
    other = page.context.new_page()
    other.goto("/login/")
    log_in(other, writer)
    expect(box(other)).to_be_visible()

    page.bring_to_front()
    page.get_by_role("button", name="Save").click()
    if not has_script:
        expect(box(page)).to_have_value(TEXT)
        page.get_by_role("button", name="Save").click()

    expect(page.locator(".entry .words")).to_have_text(TEXT)
    assert expected(troubles, "403") == (not has_script)

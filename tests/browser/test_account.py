"""One's account in a real browser: tokens, settings, a new password, and all of one's own deleted."""

from playwright.sync_api import expect

from tests.browser.looks import check, expected
from tests.support.browsing import PASSWORD


def test_a_token_is_shown_once_copied_used_and_revoked(enter, writer, server):
    page = enter(writer, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/account/")
    check(page)
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Make the token").click()
    check(page)
    token = page.get_by_label("Your new token").input_value()

    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied").first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    assert asked(server, token) == 200
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_label("Your new token")).to_have_count(0)
    page.get_by_role("button", name="Revoke the token laptop").click()

    expect(page.get_by_role("status")).to_contain_text("is revoked")
    assert asked(server, token) == 401


def asked(server, token):
    return server.request("GET", "/api/v1/devlogs/", Authorization=f"Bearer {token}").status


def test_what_is_private_by_default_is_ticked_in_the_box(enter, writer):
    page = enter(writer)
    page.goto("/account/")
    page.get_by_label("New entries are private unless I say otherwise").check()
    page.get_by_role("button", name="Save").click()

    page.goto("/")

    expect(page.get_by_label("private: its text never leaves this machine")).to_be_checked()


def test_everything_of_mine_goes_with_the_password_alone(enter, writer, troubles):
    page = enter(writer)
    page.goto("/")
    page.get_by_label("What did you do today?").fill("Something with Redis.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".entry")).to_have_count(1)
    page.goto("/account/")
    page.get_by_role("link", name="See what would go, and delete it").click()
    check(page)

    page.get_by_label("Yes, delete all of this").check()
    page.get_by_label("Your password").fill("wrong")
    page.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_text("This is not your password")).to_be_visible()
    check(page)
    page.get_by_label("Yes, delete all of this").check()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete everything").click()

    expect(page.get_by_text("Everything is deleted")).to_be_visible()
    page.goto("/")
    expect(page.locator(".entry")).to_have_count(0)
    assert expected(troubles, "400") == 1


def test_a_new_password_keeps_one_logged_in(enter, writer):
    page = enter(writer)
    page.goto("/account/password/")
    check(page)
    page.get_by_label("Old password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("another long phrase")
    page.get_by_label("New password confirmation").fill("another long phrase")
    page.locator("main button.primary").click()

    expect(page.get_by_text("Your password is changed")).to_be_visible()

"""The API's description by Swagger UI, in a real browser."""

import json
from base64 import b64encode

from playwright.sync_api import expect

from tests.browser.looks import check
from tests.support.browsing import PASSWORD


def test_a_call_is_tried_out_with_a_token(enter, server):
    basic = b64encode(f"ada:{PASSWORD}".encode()).decode()
    token = server.request("POST", "/api/v1/auth/login/", Authorization=f"Basic {basic}").json["token"]
    page = enter()
    page.goto("/api/v1/docs/")
    page.get_by_role("button", name="Authorize").first.click()
    form = page.locator(".auth-container form").filter(has_text="by a login")
    form.locator("input").fill(token)
    form.get_by_role("button", name="Apply credentials").click()
    page.locator(".modal-ux .btn-done").last.click()

    call = page.locator("#operations-devlogs-devlogs_list")
    call.locator(".opblock-summary").click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()

    answer = call.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_contain_text("200")
    assert "Django app" in json.dumps(answer.inner_text())


def test_the_description_shows_no_fault(enter):
    page = enter()
    page.goto("/api/v1/docs/")
    page.locator(".opblock").first.wait_for()

    check(page)

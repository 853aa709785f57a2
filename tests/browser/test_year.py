"""A made-up year in a real browser: every chart has something to show. The pictures of the README are made here."""

import pytest
from playwright.sync_api import expect

from tests.browser.looks import check

MOST_BYTES = 120_000


@pytest.mark.parametrize("address", ["/", "/stack/", "/stack/?days=30", "/?kind=database"])
def test_the_pages_of_somebody_who_wrote_for_a_year_show_no_fault(enter, year, address):
    page = enter("ada", at=year)
    page.goto(year.url(address))

    check(page)


@pytest.mark.parametrize("model", ["devlogs/devlog", "tagging/tag", "tagging/job", "tagging/attempt"])
def test_a_list_of_the_admin_and_a_row_of_it_show_no_fault(enter, year, model):
    page = enter("boss", at=year)
    page.goto(year.url(f"/admin/{model}/"))
    check(page)

    page.goto(year.url(page.locator("#result_list tbody th a").first.get_attribute("href")))

    check(page)


@pytest.mark.parametrize(
    "model, action",
    [
        ("devlogs/devlog", "tag_again"),
        ("devlogs/devlog", "make_private"),
        ("devlogs/devlog", "delete_selected"),
        ("tagging/tag", "merge"),
        ("tagging/tag", "block"),
    ],
)
def test_what_is_asked_before_many_are_changed_shows_no_fault(enter, year, model, action):
    page = enter("boss", at=year)
    page.goto(year.url(f"/admin/{model}/"))
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option(action)
    page.get_by_role("button", name="Go").click()

    expect(page.get_by_role("link", name="Go back, change nothing")).to_be_visible()
    check(page)


def test_the_queues_page_follows_what_happens_without_a_reload(enter, year):
    page = enter("boss", at=year)
    page.goto(year.url("/admin/queue/"))
    check(page)
    page.evaluate("window.isTheSamePage = true")
    before = page.locator("#figures").inner_text()
    page.get_by_label("Refresh").select_option("5")

    expect(page.locator("#figures")).not_to_have_text(before, timeout=12_000)

    assert page.evaluate("window.isTheSamePage")


def test_a_person_pauses_the_queue_and_resumes_it(enter, year):
    page = enter("boss", at=year)
    page.goto(year.url("/admin/queue/"))
    page.get_by_role("button", name="Pause the queue").click()
    expect(page.get_by_role("button", name="Resume the queue")).to_be_visible()
    check(page)

    page.get_by_role("button", name="Resume the queue").click()

    expect(page.get_by_role("button", name="Pause the queue")).to_be_visible()


@pytest.mark.parametrize(
    "name, who, address, light, size, top",
    [
        ("home", "ada", "/", "light", (1000, 900), "body"),
        ("home-dark-phone", "ada", "/", "dark", (360, 720), ".search"),
        ("stack", "ada", "/stack/", "light", (1000, 1100), "body"),
        ("admin-queue", "boss", "/admin/queue/", "light", (1280, 900), "#queue-now"),
        ("admin-tags", "boss", "/admin/tagging/tag/", "light", (1280, 800), "#toolbar"),
    ],
)
def test_the_pictures_of_the_readme(enter, year, pictures, name, who, address, light, size, top):
    width, height = size
    page = enter(who, at=year, color_scheme=light, viewport={"width": width, "height": height})
    page.goto(year.url(address))
    page.evaluate("document.activeElement.blur()")
    page.locator(top).evaluate("(element) => element.scrollIntoView()")
    picture = pictures / f"{name}.png"

    page.screenshot(path=picture, animations="disabled", caret="hide")

    assert picture.stat().st_size < MOST_BYTES

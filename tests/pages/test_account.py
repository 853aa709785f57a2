"""The page of one's account: what it shows, and what one chooses there."""

import json

import pytest
from django.contrib.auth.models import User

from devlogs import entries, exports
from devlogs.models import AuthorSettings, DevLog
from tests.support.browsers import browser, logged_in, words

pytestmark = pytest.mark.django_db
ACCOUNT = "/account/"


def export(client, name="ndjson"):
    return client.get(f"{ACCOUNT}export/{name}/")


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize(
    "path", ["", "settings/", "export/csv/", "tokens/", "tokens/revoke/", "tokens/1/revoke/", "delete/", "password/"]
)
def test_nobody_gets_there_without_a_login_even_where_debug_opens_the_pages(settings, path, is_open):
    settings.API_OPEN = is_open

    for method in ("get", "post"):
        response = getattr(browser(), method)(ACCOUNT + path)
        assert (response.status_code, response["Location"]) == (302, f"/login/?next={ACCOUNT}{path}")


@pytest.mark.parametrize("path", ["settings/", "tokens/", "tokens/revoke/", "tokens/1/revoke/"])
def test_a_link_to_what_is_done_by_a_button_leads_to_the_page(path):
    assert logged_in().get(ACCOUNT + path)["Location"] == ACCOUNT


def test_no_cache_keeps_the_page():
    assert "no-store" in logged_in().get(ACCOUNT)["Cache-Control"]


def test_a_name_of_markup_is_shown_as_it_is():
    page = logged_in("<b>ada</b>").get(ACCOUNT)

    assert "<b>ada" not in page.text
    assert "<b>ada</b>" in words(page)


# -- private by default ------------------------------------------------------------------------------------------


def test_new_entries_become_private_once_one_wants_it():
    client = logged_in()

    client.post(f"{ACCOUNT}settings/", {"private_by_default": "on"})

    devlog = DevLog(entry="Wrote Django.", author=User.objects.get())
    entries.write(devlog)
    assert devlog.is_private
    assert " checked" in client.get(ACCOUNT).text


def test_they_are_no_more_once_one_does_not():
    client = logged_in()
    AuthorSettings.objects.create(user=User.objects.get(), private_by_default=True)

    page = client.post(f"{ACCOUNT}settings/", {}, follow=True)

    assert "Your settings are saved." in words(page)
    assert not AuthorSettings.objects.get().private_by_default


def test_what_another_has_chosen_stays():
    other = User.objects.create_user("grace")
    AuthorSettings.objects.create(user=other, private_by_default=True)

    logged_in().post(f"{ACCOUNT}settings/", {})

    assert AuthorSettings.objects.get(user=other).private_by_default


# -- language ----------------------------------------------------------------------------------------------------


def test_the_language_is_kept_for_a_year():
    client = logged_in()

    response = client.post("/i18n/setlang/", {"language": "de", "next": ACCOUNT})

    assert (response["Location"], client.cookies["django_language"]["max-age"]) == (ACCOUNT, 365 * 24 * 3600)
    assert '<html lang="de">' in client.get(ACCOUNT).text


# -- export ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_staff", [True, False])
def test_an_export_holds_all_of_ones_own_and_nothing_else(make_devlog, is_staff):
    client = logged_in()
    User.objects.update(is_staff=is_staff)
    mine = [make_devlog(f"Entry {number}.", author=User.objects.get(), is_private=number == 1) for number in range(3)]
    make_devlog("Another's.", author=User.objects.create_user("grace"))
    make_devlog("Nobody's.")

    lines = export(client).getvalue().decode().splitlines()

    assert [json.loads(line)["id"] for line in lines] == [devlog.pk for devlog in mine]


def test_it_comes_as_a_table_too_and_as_a_file(make_devlog):
    response = export(logged_in(), "csv")

    assert response.getvalue().decode().startswith("external_id,id,author")
    assert response["Content-Disposition"].startswith('attachment; filename="devlogs-')


def test_there_is_no_other_format():
    assert export(logged_in(), "xml").status_code == 404


def test_where_others_take_all_places_a_page_says_when_to_come_back(monkeypatch):
    monkeypatch.setattr(exports, "places", exports.Places(0))

    response = export(logged_in())

    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "Try again in half a minute" in words(response)


def test_an_export_gives_its_place_back(monkeypatch):
    monkeypatch.setattr(exports, "places", exports.Places(1))
    client = logged_in()

    assert [export(client).getvalue() for _ in range(3)] == [b""] * 3

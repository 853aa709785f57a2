"""What clients plant in words, names, orders, hosts and targets is found as it stands, and obeyed nowhere."""

import json
from urllib.parse import quote, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from devlogs.models import DevLog
from tests.support.api import names
from tests.support.browsers import ACCEPT, browser, log_in

pytestmark = pytest.mark.django_db
DEVLOGS = "/api/v1/devlogs/"
PLANTED = [
    "' OR '1'='1",
    "x'; DROP TABLE devlogs_devlog; --",
    '" OR ""="',
    "1) UNION SELECT password FROM auth_user --",
    "a% OR b",
    "a_ AND NOT b*",
    "NEAR(a b)",
    "entry: a^",
    "x\\' OR 1=1 --",
    "{{7*7}} ${7*7} %(x)s {0}",
    "<script>alert(1)</script>",
]
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "http:///evil.example",
    "/%09/evil.example",
    "\t//evil.example",
    "/ok\r\nSet-Cookie: planted=1",
]


def query(**given):
    return "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())


def entries(answer):
    return [one["entry"] for one in answer.json()["results"]]


# -- the database ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", PLANTED)
def test_words_to_look_for_find_the_entry_that_holds_them_and_no_other(api, make_devlog, text):
    make_devlog("Wrote an app about a thing.")
    make_devlog(f"Wrote {text} today.")

    assert entries(api.get(DEVLOGS + query(q=f'"{text}"' if '"' not in text else text))) == [f"Wrote {text} today."]


@pytest.mark.parametrize("text", PLANTED)
def test_a_name_set_as_a_tag_is_kept_as_a_text_and_filters_by_nothing_else(api, make_tagged, text):
    make_tagged("Django")
    devlog = make_tagged("Redis")

    answer = api.put(f"{DEVLOGS}{devlog.pk}/tags/{quote(text, safe='')}/")

    before, *added = names(api, devlog)
    assert (answer.status_code, before, all(name in text for name in added)) == (201, "Redis", True)
    assert [entries(api.get(DEVLOGS + query(tag=name))) for name in added] == [["Wrote Redis"]]


@pytest.mark.parametrize("text", PLANTED)
@pytest.mark.parametrize("name", ["tag", "tag_any", "q"])
def test_what_nobody_wrote_finds_nothing(api, make_tagged, name, text):
    make_tagged("Django")

    answer = api.get(DEVLOGS + query(**{name: text}))

    assert (answer.status_code, entries(answer)) == (200, [])


@pytest.mark.parametrize("text", PLANTED)
@pytest.mark.parametrize(
    "name", ["author", "ordering", "cursor", "kind", "state", "since", "until", "limit", "private"]
)
def test_where_only_some_values_make_sense_others_are_refused_or_find_nothing(api, make_tagged, name, text):
    make_tagged("Django")
    api.force_authenticate(User.objects.create_superuser("root"))

    answer = api.get(DEVLOGS + query(**{name: text}))

    assert (answer.status_code, answer.json().get("results", [])) in [(400, []), (200, [])]


@pytest.mark.parametrize("text", PLANTED)
def test_the_name_of_another_system_finds_its_own_dev_log_alone(api, text):
    sent = {"devlogs": [{"entry": "Wrote a Django app.", "external_id": text}]}

    results = [api.post(f"{DEVLOGS}bulk/", sent).json() for _ in range(2)]

    assert [one["result"] for answer in results for one in answer["devlogs"]] == ["created", "existing"]
    assert DevLog.objects.get().external_id == text


@pytest.mark.parametrize("text", PLANTED)
@pytest.mark.parametrize("page", ["devlogs/devlog", "tagging/tag", "tagging/term", "auth/user"])
def test_a_search_of_the_admin_finds_nothing_by_it(admin_client, make_tagged, page, text):
    make_tagged("Django")

    shown = admin_client.get(f"/admin/{page}/{query(q=text)}")

    assert (shown.status_code, shown.context["cl"].result_count) == (200, 0)


def test_all_tables_are_still_there(api, make_tagged):
    make_tagged("Django")
    for text in PLANTED:
        api.get(DEVLOGS + query(q=text, tag=text))

    assert {"devlogs_devlog", "auth_user"} <= set(connection.introspection.table_names())
    assert len(entries(api.get(DEVLOGS))) == 1


# -- pages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}"])
def test_an_entry_with_markup_is_shown_as_text_by_pages_and_admin(admin_client, make_devlog, text):
    devlog = make_devlog(f"Wrote {text} today.")
    addresses = ["/", f"/entries/{devlog.pk}/", f"/?q={quote(text)}", f"/admin/devlogs/devlog/{devlog.pk}/change/"]

    shown = "".join(admin_client.get(address).content.decode() for address in addresses)

    assert "alert(1)" in shown or "7*7" in shown
    assert not any(planted in shown for planted in ("<script>alert", "<img src=x", "Wrote 49"))


# -- hosts and targets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver:80@evil.example", "testserver.evil.example", "a b", "[::1"]
)
@pytest.mark.parametrize("address", ["/", DEVLOGS, "/admin/login/", "/static/nothing.css"])
def test_a_host_that_is_not_ours_is_answered_nothing_but_a_refusal(client, host, address):
    answer = client.get(address, headers={"host": host, "accept": ACCEPT})

    assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Forwarded-Server", "Forwarded", "X-Host", "X-Original-URL"])
def test_no_header_but_the_host_says_where_we_are(api, make_devlog, name):
    for _ in range(3):
        make_devlog()
    more = {name: "host=evil.example" if name == "Forwarded" else "evil.example"}

    created = api.post(DEVLOGS, {"entry": "Wrote a Django app."}, headers=more)
    listed = api.get(f"{DEVLOGS}?limit=2", headers=more)

    assert urlsplit(created["Location"]).netloc in ("", "testserver")
    assert urlsplit(listed.json()["next"]).netloc in ("", "testserver")
    assert "evil" not in json.dumps([created.json(), listed.json(), dict(listed.headers)])


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("door", ["/login/", "/admin/login/"])
def test_a_login_leads_to_no_other_site(door, target):
    User.objects.create_superuser("ada", password="lovelace-1815")
    client = browser()

    answer = log_in(client, address=f"{door}{query(next=target)}", next=target)

    assert answer.status_code == 302
    assert not leads_elsewhere(answer["Location"])
    assert "planted" not in client.cookies


@pytest.mark.parametrize("target", ELSEWHERE)
def test_the_choice_of_a_language_leads_to_no_other_site(target):
    client = Client()

    answer = client.post("/i18n/setlang/", {"language": "de", "next": target}, headers={"referer": target.strip()})

    assert not leads_elsewhere(answer["Location"])
    assert "planted" not in client.cookies


def leads_elsewhere(location):
    """Say whether a browser, which takes \\ for / and leaves out tabs and line breaks, would leave this site."""
    seen = "".join(char for char in location if char not in "\t\r\n").strip().replace("\\", "/")
    return seen.startswith("//") or urlsplit(seen).scheme != ""

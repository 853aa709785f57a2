"""What is answered where nothing is, by a method that is not taken, and to a request that is odd."""

import base64

import pytest
from django.contrib.auth.models import User
from django.urls import get_resolver
from knox.models import AuthToken
from rest_framework.test import APIClient

from devlog_project.api.requests import StrictView

URL = "/api/v1/devlogs/"
PROBLEM = "application/problem+json"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
BIG = 2**63
NOWHERE = [
    "/api/v1/devlogs",
    f"{URL}1",
    "/api/v1/nothing/",
    "/api/v2/devlogs/1/",
    "/api",
    "/api/",
    "//api/v1/devlogs/",
    "/api/v1//devlogs/",
    "/API/v1/",
    "/nothing",
    "/healthz/",
]
BAD_CREDENTIALS = [
    "",
    "\0",
    "Token",
    "Token x",
    "Token \xff",
    "Token \xe4\xf6",
    "Token \xc3\x28" + "a" * 60,
    "Token a\0b",
    "Token a b",
    "Token a,Token b",
    "token " + "a" * 8000,
    "Bearer x",
    "Basic",
    "Basic x",
    "Basic \xff",
    "Basic ====",
]


@pytest.fixture
def client_with_csrf():
    """A client as it is in the world; those of tests do not have CSRF checked."""
    return APIClient(enforce_csrf_checks=True, raise_request_exception=False)


def views(patterns, prefix=""):
    """Return each view class under these patterns, with its address."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern.url_patterns, prefix + str(pattern.pattern))
        elif view := getattr(pattern.callback, "cls", getattr(pattern.callback, "view_class", None)):
            yield prefix + str(pattern.pattern), view


# -- Where nothing is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", NOWHERE)
def test_an_address_where_nothing_is_answers_404_to_any_method(settings, client_with_csrf, debug, method, path):
    settings.DEBUG = debug

    response = client_with_csrf.generic(method, path, b'{"entry": "Django"}', content_type="application/json")

    assert (response.status_code, response["Content-Type"]) == (404, PROBLEM)


def test_who_forgot_the_slash_is_told(client_with_csrf):
    assert "end with a slash" in client_with_csrf.post("/api/v1/devlogs", {}).json()["detail"]


def test_the_icon_that_browsers_ask_for_is_that_of_the_pages(client):
    icon = client.get("/favicon.ico")

    assert (icon.status_code, icon["Location"]) == (301, "/static/pages/icon.svg")


def test_the_admin_still_adds_a_missing_slash(client):
    assert client.get("/admin")["Location"] == "/admin/"


# -- Methods ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path, taken",
    [
        (URL, "GET, POST, HEAD, OPTIONS"),
        (f"{URL}{{}}/", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        (f"{URL}{{}}/retag/", "POST, OPTIONS"),
        (f"{URL}{{}}/tags/Django/", "PUT, DELETE, OPTIONS"),
        ("/api/v1/tags/", "GET, HEAD, OPTIONS"),
        ("/api/v1/schema/", "GET, HEAD, OPTIONS"),
        ("/api/v1/docs/", "GET, HEAD, OPTIONS"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_is_not_taken_is_refused_with_those_that_are(client_with_csrf, make_devlog, path, taken, method):
    path = path.format(make_devlog().pk)

    response = client_with_csrf.generic(method, path, b'{"entry": "Django"}', content_type="application/json")

    if method in taken.split(", "):
        assert response.status_code in (200, 201, 202, 204, 400, 404)
    else:
        assert (response.status_code, response["Content-Type"], response["Allow"]) == (405, PROBLEM, taken)


@pytest.mark.django_db
def test_what_a_client_does_not_accept_is_refused_with_406(api):
    response = api.get(URL, headers={"Accept": "text/csv"})

    assert (response.status_code, response["Content-Type"]) == (406, PROBLEM)


def test_every_view_of_the_api_is_strict():
    loose = {address for address, view in views(get_resolver().url_patterns) if address.startswith("api/")} - {
        address for address, view in views(get_resolver().url_patterns) if issubclass(view, StrictView)
    }

    assert loose == set()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_may_come_by_any_method(client_with_csrf, path):
    assert {client_with_csrf.generic(method, path).status_code for method in METHODS} == {200}


# -- Who asks --------------------------------------------------------------------------------------------------------


@pytest.fixture
def token(db):
    return AuthToken.objects.create(User.objects.create_user("ada", password="lovelace"))[1]


@pytest.mark.django_db
@pytest.mark.parametrize("path", [URL, f"{URL}1/", "/api/v1/tags/", "/api/v1/auth/logout/", "/api/v1/auth/login/"])
@pytest.mark.parametrize("value", BAD_CREDENTIALS, ids=lambda value: repr(value[:9]))
def test_a_bad_authorization_is_a_401(settings, client_with_csrf, path, value):
    settings.API_OPEN = False
    method = "POST" if "auth" in path else "GET"

    response = client_with_csrf.generic(method, path, HTTP_AUTHORIZATION=value)

    assert (response.status_code, response["Content-Type"]) == (401, PROBLEM)
    assert response["WWW-Authenticate"]


def test_the_beginning_of_a_token_is_none(settings, api, token):
    settings.API_OPEN = False

    for given in (token[:15], token[:-1], token + "0", token[:20] + "é"):
        api.credentials(HTTP_AUTHORIZATION=f"Token {given}".encode().decode("latin-1"))
        assert api.get(URL).status_code == 401
    api.credentials(HTTP_AUTHORIZATION=f"token {token}")
    assert api.get(URL).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [b"\0:x", b"ada\0:x", b"ada:\0", b"\xff\xfe:x", b"", b":", b"ada", b"x" * 999 + b":x"])
def test_odd_bytes_in_a_login_are_a_401(client_with_csrf, raw):
    basic = "Basic " + base64.b64encode(raw).decode()

    response = client_with_csrf.post("/api/v1/auth/login/", HTTP_AUTHORIZATION=basic)

    assert (response.status_code, response["Content-Type"]) == (401, PROBLEM)


# -- Odd ids, filters and searches -----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("number", [BIG - 1, BIG, 10**30, "9" * 5000, -1, "%00", "1.5"])
@pytest.mark.parametrize("method, rest", [("GET", ""), ("DELETE", ""), ("POST", "retag/"), ("PUT", "tags/Django/")])
def test_an_id_that_no_devlog_has_is_a_404(client_with_csrf, method, number, rest):
    response = client_with_csrf.generic(method, f"{URL}{number}/{rest}", content_type="application/json")

    assert (response.status_code, response["Content-Type"]) == (404, PROBLEM)


ADMIN_LISTS = ["devlogs/devlog", "tagging/tag", "tagging/job", "tagging/attempt", "auth/user"]


@pytest.mark.django_db
@pytest.mark.parametrize("page", ADMIN_LISTS)
@pytest.mark.parametrize(
    "query", ["q=%00", "tags__slug=%00", "job__state=%00", "state=%00", "e=%00", "o=%00", "p=%00", "username=a%00"]
)
def test_a_nul_in_a_filter_of_the_admin_is_answered(admin_client, page, query):
    assert admin_client.get(f"/admin/{page}/?{query}").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("page", ADMIN_LISTS)
@pytest.mark.parametrize("words", [1000, 3000])
def test_a_search_for_thousands_of_words_is_answered(admin_client, page, words):
    response = admin_client.get(f"/admin/{page}/", {"q": " ".join(f"w{number}" for number in range(words))})

    assert response.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("number", [BIG, 10**30])
@pytest.mark.parametrize("query", ["p={}", "author__id__exact={}", "created_at__year={}", "o={}"])
def test_a_number_too_large_for_the_database_is_answered_by_the_admin(admin_client, number, query):
    response = admin_client.get(f"/admin/devlogs/devlog/?{query.format(number)}", follow=True)

    assert response.status_code in (200, 400)


@pytest.mark.django_db
def test_a_session_with_a_nul_is_none(client_with_csrf):
    response = client_with_csrf.get("/admin/", HTTP_COOKIE='sessionid="aaaaaaaa\\000"')

    assert (response.status_code, response["Location"]) == (302, "/admin/login/?next=/admin/")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["devlogs/7/", "devlogs/7/retag/", "jobs/7/", "auth/tokens/7/"])
def test_a_404_names_no_class_of_ours(api, django_user_model, path):
    api.force_authenticate(django_user_model.objects.create(username="anna"))
    method = api.post if "retag" in path else api.delete if "auth" in path else api.get

    response = method(f"/api/v1/{path}")

    assert (response.status_code, "matches" in response.json()["detail"]) == (404, False)

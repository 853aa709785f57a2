"""Web pages of other origins: none may use the API, but those that are named."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from devlog_project.env import Env

pytestmark = pytest.mark.django_db
DEVLOGS = "/api/v1/devlogs/"
ORIGIN = "https://app.example.org"
SENT = "authorization,content-type,idempotency-key,if-match,if-none-match,prefer"


@pytest.fixture
def allowed(settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]


def preflight(api, origin=ORIGIN, headers=SENT, path=DEVLOGS):
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers}
    return api.options(path, headers=asked)


def test_no_origin_is_allowed_unless_it_is_named(api):
    assert "Access-Control-Allow-Origin" not in preflight(api)
    assert "Access-Control-Allow-Origin" not in api.get(DEVLOGS, headers={"Origin": ORIGIN})


def test_a_page_of_a_named_origin_may_send_what_the_api_takes(api, allowed):
    response = preflight(api)

    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    assert set(SENT.split(",")) <= set(response["Access-Control-Allow-Headers"].split(", "))
    assert {"POST", "PUT", "PATCH", "DELETE"} <= set(response["Access-Control-Allow-Methods"].split(", "))


def test_it_sends_no_cookies(api, allowed):
    assert "Access-Control-Allow-Credentials" not in preflight(api)


def test_a_page_of_a_named_origin_may_read_what_the_api_says_beside_the_body(api, allowed):
    response = api.post(DEVLOGS, {"entry": "Wrote a Django app."}, headers={"Origin": ORIGIN})

    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (201, ORIGIN)
    readable = {"ETag", "Location", "Retry-After", "Preference-Applied", "Idempotency-Replayed"}
    assert readable <= set(response["Access-Control-Expose-Headers"].split(", "))


def test_it_reads_errors_too(api, allowed, settings):
    settings.API_OPEN = False

    response = api.get(DEVLOGS, headers={"Origin": ORIGIN})

    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (401, ORIGIN)


def test_another_origin_is_not_allowed_beside_it(api, allowed):
    assert "Access-Control-Allow-Origin" not in preflight(api, f"{ORIGIN}.evil.example")


@pytest.mark.parametrize("path", ["/admin/login/", "/healthz"])
def test_only_the_api_is_opened(client, allowed, path):
    assert "Access-Control-Allow-Origin" not in client.get(path, headers={"Origin": ORIGIN})


@pytest.mark.parametrize("value", ["", "https://a.example", "http://localhost:3000, https://b.example:8443"])
def test_origins_are_read(monkeypatch, value):
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", value)

    assert Env().origins("CORS_ALLOWED_ORIGINS", "pages of these") == [part for part in value.split(", ") if part]


@pytest.mark.parametrize(
    "value", ["a.example", "*", "https://a.example/", "https://a.example/path", "ftp://a.example", "HTTPS://a.example"]
)
def test_what_is_no_origin_is_an_error_that_names_the_variable(monkeypatch, value):
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", f"https://b.example,{value}")

    with pytest.raises(ImproperlyConfigured, match=r"CORS_ALLOWED_ORIGINS: .* is no origin; write https://host"):
        Env().origins("CORS_ALLOWED_ORIGINS", "pages of these")

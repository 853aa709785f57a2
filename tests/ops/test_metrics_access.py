"""Who may read the metrics."""

import pytest

from devlog_project.ops.metrics import access
from tests.support.site import Site

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-a-test-long-enough"
HERE = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8000"}


def status(client, **request):
    return client.get("/metrics", **(HERE | request)).status_code


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"HTTP_HOST": "localhost"},
        {"REMOTE_ADDR": "::1", "HTTP_HOST": "[::1]:8000"},
        {"REMOTE_ADDR": "::ffff:127.0.0.1"},
    ],
)
def test_without_a_token_this_machine_may_read_them(client, request_):
    assert status(client, **request_) == 200


@pytest.mark.parametrize("address", ["10.0.0.7", "192.0.2.1", "::ffff:192.0.2.1", "", "127.0.0.1.example"])
def test_without_a_token_a_foreign_address_is_refused_and_told_the_way(client, address):
    response = client.get("/metrics", **(HERE | {"REMOTE_ADDR": address}))

    assert (response.status_code, response["Content-Type"]) == (403, "application/problem+json")
    assert "METRICS_TOKEN" in response.json()["detail"]


@pytest.mark.parametrize(
    "header",
    ["HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED", "HTTP_X_REAL_IP"],
)
def test_what_a_proxy_on_this_machine_passes_on_is_not_of_this_machine(client, header):
    assert status(client, **{header: "127.0.0.1"}) == 403


def test_behind_a_proxy_that_says_nothing_all_are_refused(client, settings):
    settings.BEHIND_PROXY = True

    assert status(client) == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "devlog.example.org:8000", ""])
def test_a_page_of_another_site_that_leads_its_name_here_is_refused(client, host):
    assert status(client, HTTP_HOST=host) == 403


def test_the_token_opens_them_from_anywhere(client, settings):
    settings.METRICS_TOKEN = TOKEN

    assert status(client, REMOTE_ADDR="192.0.2.1", HTTP_AUTHORIZATION=f"Bearer {TOKEN}") == 200


@pytest.mark.parametrize(
    "sent", ["", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Token {TOKEN}", "Bearer \xff\u20ac", TOKEN]
)
def test_with_a_token_nobody_comes_in_without_it_not_even_from_here(client, settings, sent):
    settings.METRICS_TOKEN = TOKEN

    response = client.get("/metrics", **HERE, HTTP_AUTHORIZATION=sent)

    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')


def test_nothing_but_the_comparison_in_constant_time_decides_about_a_token(client, settings, monkeypatch):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(access, "constant_time_compare", lambda sent, token: True)

    assert status(client, HTTP_AUTHORIZATION="Bearer x") == 200


def test_a_token_that_can_be_guessed_is_an_error_that_names_the_setting(tmp_path):
    done = Site(tmp_path).manage("check", METRICS_TOKEN="short")

    assert (done.returncode, "METRICS_TOKEN is too short" in done.stderr) == (1, True)

"""A probe may come by any address; nothing else may."""

import io
import logging

import pytest

from devlog_project.ops import logs

pytestmark = pytest.mark.django_db

FOREIGN = ["10.42.8.201:8000", "[fd00::7]:8000", "evil.example", "not a host!", "", "a" * 3000, "ünï"]


@pytest.fixture(autouse=True)
def production(settings):
    settings.ALLOWED_HOSTS = ["devlog.example.org"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_a_probe_is_answered_by_whatever_name_it_asks(client, path, host):
    response = client.get(path, HTTP_HOST=host)

    assert (response.status_code, response.headers["Content-Length"]) == (200, str(len(response.content)))


def test_a_probe_without_a_host_is_answered(client):
    client.defaults["SERVER_NAME"] = "10.42.8.201"

    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/devlogs/", "/admin/login/", "/healthz/", "/healthz/../admin/", "//healthz"]
)
def test_all_else_is_400_for_a_foreign_host(client, path):
    assert client.get(path, secure=True, HTTP_HOST="10.42.8.201:8000").status_code == 400


def test_all_else_is_redirected_to_https(client):
    assert client.get("/api/v1/devlogs/", HTTP_HOST="devlog.example.org").status_code == 301


def test_foreign_hosts_leave_one_line_and_no_traceback(client):
    handler = logs.ConsoleHandler()
    handler.setStream(io.StringIO())
    logger = logging.getLogger("django.security")
    logger.addHandler(handler)
    try:
        for _ in range(20):
            client.get("/", secure=True, HTTP_HOST="evil.example")
    finally:
        logger.removeHandler(handler)

    (line,) = handler.stream.getvalue().splitlines()
    assert "evil.example" in line

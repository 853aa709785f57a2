"""The version is told to those who run the service, and to no stranger; answers are packed for who takes them so."""

import gzip
import tomllib

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from knox.models import AuthToken

from devlog_project import VERSION
from tests.support.servers import ROOT

pytestmark = pytest.mark.django_db
PACKED = {"accept-encoding": "gzip"}


def fails(request: HttpRequest) -> HttpResponse:
    raise ValueError("planted")


urlpatterns = [path("fails/", fails)]


def test_the_package_has_the_version_that_the_code_names():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_the_client_is_of_the_same_version():
    client = (ROOT / "clients" / "devlog").read_text(encoding="utf-8")

    assert f'\nVERSION = "{VERSION}"\n' in client


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_probes_are_told_the_version(client, address):
    assert client.get(address)["X-Version"] == VERSION


def test_a_client_with_a_token_is_told_the_version(client, settings):
    settings.API_OPEN = False
    _, token = AuthToken.objects.create(User.objects.create_user("ada"))

    answer = client.get("/api/v1/devlogs/", headers={"authorization": f"Bearer {token}"})

    assert (answer.status_code, answer["X-Version"]) == (200, VERSION)


@pytest.mark.parametrize("address", ["/", "/api/v1/", "/api/v1/devlogs/", "/admin/login/", "/nowhere"])
def test_a_stranger_is_not(client, settings, address):
    settings.API_OPEN = False

    assert "X-Version" not in client.get(address)
    assert "X-Version" not in client.get(address, headers={"authorization": "Bearer of-nobody"})


def test_the_admin_tells_it_to_staff(admin_client):
    assert f"Version {VERSION}" in admin_client.get("/admin/").content.decode()


def test_its_login_page_does_not(client):
    assert VERSION not in client.get("/admin/login/").content.decode()


# -- packed answers --------------------------------------------------------------------------------------------------


@pytest.fixture
def many(make_devlog):
    return [make_devlog(f"Wrote a Django app, no. {number}.") for number in range(20)]


@pytest.mark.parametrize("address", ["/api/v1/devlogs/", "/admin/login/"])
def test_who_takes_it_packed_gets_the_same_in_fewer_bytes(client, many, address):
    plain, packed = client.get(address).content, client.get(address, headers=PACKED)

    assert (packed["Content-Encoding"], len(packed.content) < len(plain)) == ("gzip", True)
    if address.startswith("/api/"):  # of a form each has a word of its own
        assert gzip.decompress(packed.content) == plain
    assert "Accept-Encoding" in packed["Vary"]


def test_a_packed_answer_is_known_again(client, many):
    etag = client.get("/api/v1/devlogs/", headers=PACKED)["ETag"]

    again = client.get("/api/v1/devlogs/", headers=PACKED | {"if-none-match": etag})

    assert (again.status_code, again.content) == (304, b"")


def test_what_was_read_packed_can_be_changed_by_its_etag(client, make_devlog):
    devlog = make_devlog("Wrote a Django app. " * 40)
    address = f"/api/v1/devlogs/{devlog.pk}/"
    read = client.get(address, headers=PACKED)

    changed = client.patch(
        address, {"entry": "Wrote a Flask app."}, "application/json", headers={"if-match": read["ETag"]}
    )

    assert (read["Content-Encoding"], changed.status_code) == ("gzip", 200)


def test_an_export_is_sent_as_it_is(client, many):
    answer = client.get("/api/v1/devlogs/export/", headers=PACKED)

    assert (answer.streaming, answer.has_header("Content-Encoding")) == (True, False)
    assert len(b"".join(answer.streaming_content).splitlines()) == 20


def test_debugs_page_of_an_error_keeps_its_styles_when_packed(settings):
    settings.DEBUG, settings.ROOT_URLCONF = True, __name__

    answer = Client(raise_request_exception=False).get("/fails/", headers=PACKED)

    assert (answer["Content-Encoding"], "Content-Security-Policy" in answer) == ("gzip", False)

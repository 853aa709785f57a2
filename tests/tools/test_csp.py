"""What pages may load and run is said with every answer."""

import re
from contextlib import closing

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from devlog_project.ops.csp import HEADER, POLICY
from tests.support.servers import ROOT


def fails(request: HttpRequest) -> HttpResponse:
    raise ValueError("planted")


urlpatterns = [path("fails/", fails), path("quoted/", lambda request: HttpResponse("DEBUG = True", status=404))]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/login/",
        "/admin/login/",
        "/admin/jsi18n/",
        "/api/v1/",
        "/api/v1/docs/",
        "/api/v1/nothing/",
        "/nothing/",
        "/healthz",
        "/static/admin/css/base.css",
    ],
)
def test_every_answer_says_that_a_page_loads_only_from_here(client, address):
    with closing(client.get(address)) as response:
        assert response[HEADER] == POLICY


def test_so_does_a_refusal(client):
    assert client.get("/", HTTP_HOST="elsewhere.example")[HEADER] == POLICY


def test_nothing_that_stands_inside_a_page_may_run_or_style_it():
    assert "unsafe" not in POLICY


def test_debugs_own_page_of_an_error_keeps_its_looks(settings):
    settings.DEBUG, settings.ROOT_URLCONF = True, __name__
    client = Client(raise_request_exception=False)

    assert [client.get(address).headers.get(HEADER) for address in ("/fails/", "/missing/")] == [None, None]


def test_without_debug_the_page_of_an_error_has_the_policy(settings):
    settings.ROOT_URLCONF = __name__

    assert Client(raise_request_exception=False).get("/missing/")[HEADER] == POLICY


def test_a_page_of_ours_that_speaks_of_debug_has_it_too(settings):
    settings.DEBUG, settings.ROOT_URLCONF = True, __name__

    assert Client().get("/quoted/")[HEADER] == POLICY


# A style, a script or a handler inside the page, which the policy would have the browser leave out.
INSIDE = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


def test_no_template_of_ours_has_a_script_or_style_inside():
    found = {
        f"{page.relative_to(ROOT)}: {match[0]}"
        for app in ("devlog_project", "devlogs", "tagging")
        for page in (ROOT / app).rglob("templates/**/*.*")
        for match in INSIDE.finditer(page.read_text(encoding="utf-8"))
    }

    assert found == set()

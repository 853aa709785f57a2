"""What each answer tells browsers: no address, no error and no server may leave it out."""

import re
from contextlib import closing

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import resolve

from devlog_project.ops.csp import HEADERS, POLICY
from devlog_project.ops.probes import PROBES
from devlogs.pages import errors
from tests.support.addresses import addresses
from tests.support.browsers import browser

# What no pattern of the URL conf names: files, probes, and what middlewares answer.
BESIDE = [*PROBES, "/static/pages/base.css", "/static/nothing.css", "/admin", "/stack", "/?q=%00", "//evil.example/"]
ALL = sorted({*addresses(), *BESIDE})


def told(response):
    with closing(response):
        return {name: response.headers.get(name) for name in HEADERS}


def test_the_addresses_are_all_that_there_are():
    assert len(ALL) > 80
    assert {"/", "/api/v1/devlogs/1/", "/admin/queue/", "/admin/tagging/tag/1/change/"} <= set(ALL)
    assert [address for address in ALL if re.search(r"[<>()^$\\*]", address)] == []


def test_each_leads_to_the_view_it_was_made_of():
    assert [address for address in addresses() if resolve(address).func is errors.not_found] == []


@pytest.mark.django_db
@pytest.mark.parametrize("address", ALL)
def test_every_address_tells_browsers_what_to_load_and_believe(address):
    admin = browser(raise_request_exception=False)
    admin.force_login(User.objects.create_superuser("root"))
    stranger = Client(enforce_csrf_checks=True, raise_request_exception=False)

    answers = [admin.get(address), stranger.get(address), stranger.post(address), stranger.options(address)]

    assert [told(answer) for answer in answers] == [HEADERS] * 4


@pytest.mark.django_db
def test_so_do_a_wrong_host_and_what_fails(client, monkeypatch):
    client.raise_request_exception = False
    wrong = client.get("/", headers={"host": "evil.example"})
    monkeypatch.setattr("devlog_project.ops.readiness.Readiness.findings", None)

    assert (wrong.status_code, told(wrong)) == (400, HEADERS)
    assert (client.get("/readyz").status_code, told(client.get("/readyz"))) == (500, HEADERS)


def test_the_policy_lets_nothing_in_from_elsewhere():
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))

    assert rules.pop("img-src") == "'self' data:"  # the icons of Swagger UI
    assert set(rules.values()) == {"'self'", "'none'"}
    assert rules["frame-ancestors"] == "'none'"

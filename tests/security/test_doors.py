"""Guesses at a password are limited at each of the three doors, and in all of them together."""

import base64
import itertools

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from devlog_project.api import throttle
from tests.support.browsers import PASSWORD, browser, log_in

pytestmark = pytest.mark.django_db
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch):
    monkeypatch.setattr(throttle, "clock", lambda: 40.0)


@pytest.fixture(autouse=True)
def ada(db):
    return User.objects.create_superuser("ada", password=PASSWORD)


def api(password, name="ada", address=HERE):
    basic = base64.b64encode(f"{name}:{password}".encode()).decode()
    return APIClient().post("/api/v1/auth/login/", HTTP_AUTHORIZATION=f"Basic {basic}", REMOTE_ADDR=address)


def page(password, name="ada", address=HERE):
    return log_in(browser(REMOTE_ADDR=address), name, password)


def admin(password, name="ada", address=HERE):
    return log_in(browser(REMOTE_ADDR=address), name, password, "/admin/login/")


DOORS = [api, page, admin]
# What each answers to a guess, and to who knows the password.
WRONG, RIGHT = {api: 401, page: 200, admin: 200}, {api: 200, page: 302, admin: 302}


@pytest.mark.parametrize("door", DOORS)
def test_after_five_guesses_even_the_right_password_waits(door):
    assert [door("guess").status_code for _ in range(5)] == [WRONG[door]] * 5

    refused = door(PASSWORD)

    assert (refused.status_code, refused["Retry-After"]) == (429, "20")
    assert door(PASSWORD, address=THERE).status_code == RIGHT[door]


@pytest.mark.parametrize("door", DOORS)
def test_many_names_from_one_address_come_to_an_end(door):
    statuses = [door("guess", name=f"name-{number}").status_code for number in range(22)]

    assert statuses == [WRONG[door]] * 20 + [429] * 2


@pytest.mark.parametrize("door", DOORS)
def test_one_name_from_many_addresses_comes_to_an_end(door):
    statuses = [door("guess", address=f"198.51.100.{number}").status_code for number in range(22)]

    assert statuses == [WRONG[door]] * 20 + [429] * 2


@pytest.mark.parametrize("first, second", list(itertools.permutations(DOORS, 2)))
def test_guesses_at_one_door_count_at_another(first, second):
    for _ in range(5):
        first("guess")

    assert second(PASSWORD).status_code == 429

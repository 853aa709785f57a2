"""Guesses at a password: refused after some, without keeping out who knows it."""

import base64

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from devlog_project.api import throttle

pytestmark = pytest.mark.django_db
LOGIN = "/api/v1/auth/login/"
PROBLEM = "application/problem+json"
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def ada():
    return User.objects.create_superuser("ada", password="lovelace")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands, forty seconds into a minute."""
    now = [40.0]
    monkeypatch.setattr(throttle, "clock", lambda: now[0])
    return now


def login(password="lovelace", name="ada", address=HERE, **headers):
    basic = base64.b64encode(f"{name}:{password}".encode()).decode()
    return APIClient().post(LOGIN, HTTP_AUTHORIZATION=f"Basic {basic}", REMOTE_ADDR=address, **headers)


def guess(times, **fields):
    return [login(f"guess-{number}", **fields).status_code for number in range(times)]


def test_after_five_guesses_at_one_name_from_one_address_comes_429_with_the_time_to_wait():
    assert guess(7) == [401] * 5 + [429] * 2

    response = login()
    assert (response.status_code, response["Content-Type"], response["Retry-After"]) == (429, PROBLEM, "20")
    assert response.json()["detail"] == "Too many failed logins. Expected available in 20 seconds."


def test_a_refused_guess_looks_at_no_password(django_assert_num_queries):
    guess(5)

    with django_assert_num_queries(0):
        assert guess(1) == [429]


def test_a_minute_later_one_may_try_again(clock):
    guess(7)
    clock[0] = 60.0

    assert login().status_code == 200


def test_logins_that_succeed_are_not_counted():
    assert [login().status_code for _ in range(30)] == [200] * 30
    assert guess(6) == [401] * 5 + [429]


def test_guesses_at_one_name_from_one_address_leave_all_others_alone():
    User.objects.create_user("grace", password="hopper")

    guess(200)

    assert login(address=THERE).status_code == 200
    assert login("hopper", "grace").status_code == 200


def test_guesses_at_many_names_from_one_address_come_to_an_end():
    statuses = [guess(1, name=f"name-{number}")[0] for number in range(25)]

    assert statuses == [401] * 20 + [429] * 5


def test_guesses_at_one_name_from_many_addresses_come_to_an_end():
    statuses = [guess(1, address=f"198.51.100.{number}")[0] for number in range(25)]

    assert statuses == [401] * 20 + [429] * 5


def test_who_logged_in_from_an_address_before_is_not_kept_out_by_guesses_from_others():
    login()
    for number in range(25):
        guess(1, address=f"198.51.100.{number}")

    assert login().status_code == 200
    assert login(address=THERE).status_code == 429


def test_a_network_of_ipv6_is_one_address():
    assert [guess(1, address=f"2001:db8::{number}")[0] for number in range(6)] == [401] * 5 + [429]
    assert guess(1, address="2001:db8:0:1::1") == [401]


def test_behind_a_proxy_the_address_is_what_the_proxy_says_and_not_the_client(settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}

    made_up = [guess(1, HTTP_X_FORWARDED_FOR=f"203.0.113.{number}, {THERE}")[0] for number in range(6)]

    assert made_up == [401] * 5 + [429]
    assert guess(1, HTTP_X_FORWARDED_FOR="203.0.113.1") == [401]


def test_without_a_proxy_nobody_is_believed_about_where_they_are():
    assert [guess(1, HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")[0] for number in range(6)] == [401] * 5 + [429]


def test_the_admin_counts_by_the_same_rule(client):
    fields = {"username": "ada", "password": "guess"}
    pages = [client.post("/admin/login/", fields, REMOTE_ADDR=HERE) for _ in range(6)]

    assert [page.status_code for page in pages] == [200] * 5 + [429]
    assert pages[-1]["Retry-After"] == "20"
    assert "Too many failed logins" in pages[-1].text
    assert login().status_code == 429


def test_the_admin_lets_in_who_knows_the_password(client):
    guess(4)

    page = client.post("/admin/login/?next=/admin/", {"username": "ada", "password": "lovelace"}, REMOTE_ADDR=HERE)

    assert (page.status_code, page["Location"]) == (302, "/admin/")


def test_a_login_without_basic_is_told_how_it_is_done():
    response = APIClient().post(LOGIN, {"username": "ada", "password": "lovelace"})

    assert (response.status_code, response["Content-Type"]) == (401, PROBLEM)
    assert response.json()["detail"] == "Send name and password by HTTP Basic (curl -u NAME)."
    assert response["WWW-Authenticate"].startswith("Basic")

"""Whose token it is: looked up with each request, and refused from the moment it no longer holds."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
URL = "/api/v1/devlogs/"
PASSED = timedelta(seconds=-1)


@pytest.fixture
def ada():
    return User.objects.create_user("ada", password="lovelace")


@pytest.fixture
def token(ada):
    return AuthToken.objects.create(ada)[1]


def post(token):
    return APIClient().post(URL, {"entry": "Wrote a Django app."}, headers={"Authorization": f"Token {token}"})


def refusal(token):
    response = post(token)
    return response.status_code, response.json()["detail"]


def test_a_dev_log_belongs_to_the_owner_of_the_token(ada, token):
    AuthToken.objects.create(User.objects.create_user("grace"))

    assert post(token).json()["author"] == "ada"


def test_a_token_without_an_expiry_holds(ada):
    assert post(AuthToken.objects.create(ada, expiry=None)[1]).status_code == 201


def test_an_expired_token_is_refused(ada):
    assert refusal(AuthToken.objects.create(ada, expiry=PASSED)[1]) == (401, "Invalid token.")


def test_a_token_is_refused_once_it_is_deleted(token):
    assert post(token).status_code == 201

    AuthToken.objects.all().delete()

    assert refusal(token) == (401, "Invalid token.")


def test_the_token_of_a_deleted_user_is_refused(ada, token):
    ada.delete()

    assert refusal(token) == (401, "Invalid token.")


def test_the_token_of_an_inactive_user_is_refused_at_once(ada, token):
    assert post(token).status_code == 201

    User.objects.update(is_active=False)

    assert refusal(token) == (401, "User inactive or deleted.")


@pytest.mark.parametrize(
    "change", [lambda token: token[:-1], lambda token: token + "0", lambda token: token[:15] + 49 * "0", str.upper]
)
def test_what_only_begins_like_a_token_or_looks_like_it_is_refused(token, change):
    assert refusal(change(token)) == (401, "Invalid token.")


def test_a_token_with_a_prefix_of_the_settings_holds(ada, settings):
    settings.REST_KNOX = {"TOKEN_PREFIX": "dl_"}

    assert post(AuthToken.objects.create(ada)[1]).status_code == 201


def test_a_token_is_renewed_by_use_where_the_settings_say_so(ada, settings):
    settings.REST_KNOX = {"AUTO_REFRESH": True}
    soon = AuthToken.objects.create(ada, expiry=timedelta(hours=1))[1]
    before = AuthToken.objects.get().expiry

    assert post(soon).status_code == 201
    assert AuthToken.objects.get().expiry > before


def test_the_digest_of_a_token_is_no_token(ada, token):
    assert refusal(AuthToken.objects.get().digest) == (401, "Invalid token.")


def test_a_token_costs_one_query_however_many_the_user_has(ada, token, settings, django_assert_num_queries):
    for _ in range(20):
        AuthToken.objects.create(ada, expiry=PASSED)
    settings.API_OPEN = False
    post(token)  # notes that it was used, once an hour

    with django_assert_num_queries(1):
        assert APIClient().post(URL, {"entry": ""}, headers={"Authorization": f"Token {token}"}).status_code == 400


def test_a_login_clears_away_ones_own_expired_tokens_and_no_others(ada, token):
    grace = User.objects.create_user("grace")
    AuthToken.objects.create(ada, expiry=PASSED)
    AuthToken.objects.create(grace, expiry=PASSED)
    client = APIClient(headers={"Authorization": "Basic YWRhOmxvdmVsYWNl"})

    new = client.post("/api/v1/auth/login/").json()["token"]

    assert (AuthToken.objects.filter(user=ada).count(), AuthToken.objects.filter(user=grace).count()) == (2, 1)
    assert {post(token).status_code, post(new).status_code} == {201}


def test_a_logout_revokes_the_token_it_came_with_and_no_other(ada, token):
    other = AuthToken.objects.create(ada)[1]

    response = APIClient().post("/api/v1/auth/logout/", headers={"Authorization": f"Token {token}"})

    assert response.status_code == 204
    assert (refusal(token), post(other).status_code) == ((401, "Invalid token."), 201)

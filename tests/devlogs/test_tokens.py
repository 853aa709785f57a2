"""Whose token it is: looked up with each request, and refused from the moment it no longer holds."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db.models import QuerySet
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from devlog_project.api.models import TokenDetails
from devlog_project.api.models.tokens import MOST_TOKENS, make_token
from tests.support.tokens import BASIC, LOGIN, PASSED, TOKENS, URL, as_holder, days_left, post, refusal

pytestmark = pytest.mark.django_db


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
    client = APIClient(headers={"Authorization": BASIC})

    new = client.post("/api/v1/auth/login/").json()["token"]

    assert (AuthToken.objects.filter(user=ada).count(), AuthToken.objects.filter(user=grace).count()) == (2, 1)
    assert {post(token).status_code, post(new).status_code} == {201}


def test_a_logout_revokes_the_token_it_came_with_and_no_other(ada, token):
    other = AuthToken.objects.create(ada)[1]

    response = APIClient().post("/api/v1/auth/logout/", headers={"Authorization": f"Token {token}"})

    assert response.status_code == 204
    assert (refusal(token), post(other).status_code) == ((401, "Invalid token."), 201)


# -- Bearer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "bearer", "TOKEN"])
def test_a_token_is_taken_under_both_names(token, scheme, settings):
    settings.API_OPEN = False

    assert as_holder(token, scheme).get(URL).status_code == 200


def test_who_comes_without_a_token_is_told_both(settings):
    settings.API_OPEN = False
    response = APIClient().get(URL)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api", Token realm="api"'


# -- named, listed, made and revoked -------------------------------------------------------------------------------


def test_a_token_is_made_with_a_name_and_shown_once(token):
    client = as_holder(token)

    made = client.post(TOKENS, {"name": "laptop", "days": 7})
    listed = client.get(TOKENS)

    assert (made.status_code, made["Cache-Control"], made.json()["name"]) == (201, "no-store", "laptop")
    text = made.json()["token"]
    assert as_holder(text).get(URL).status_code == 200
    assert text not in listed.text
    assert text[:8] not in listed.text


def test_no_text_of_a_token_is_kept(token):
    text = as_holder(token).post(TOKENS, {"name": "laptop"}).json()["token"]

    kept = AuthToken.objects.get(details__name="laptop")

    assert text not in (kept.digest, kept.token_key)
    assert len(kept.digest) == 128


def test_the_text_of_a_token_is_kept_for_no_repeat(token):
    response = as_holder(token).post(TOKENS, {"name": "laptop"}, headers={"Idempotency-Key": "once"})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["Idempotency-Key"])


def test_a_list_says_what_one_needs_to_choose(ada, token):
    client = as_holder(token)
    client.post(TOKENS, {"name": "laptop", "days": 7})

    laptop, this_one = client.get(TOKENS).json()["results"]

    assert list(laptop) == ["id", "name", "created_at", "expiry", "last_used_at", "is_this_one"]
    assert (laptop["name"], laptop["last_used_at"], laptop["is_this_one"]) == ("laptop", None, False)
    assert (this_one["last_used_at"] is None, this_one["is_this_one"]) == (False, True)


def test_one_sees_no_token_of_another(token, grace):
    make_token(grace, "hers", None)

    assert [each["name"] for each in as_holder(token).get(TOKENS).json()["results"]] == [""]


def test_a_revoked_token_is_refused_at_once_and_no_other(ada, token):
    details, text = make_token(ada, "laptop", None)
    assert post(text).status_code == 201

    assert as_holder(token).delete(f"{TOKENS}{details.pk}/").status_code == 204

    assert (refusal(text), post(token).status_code) == ((401, "Invalid token."), 201)


def test_one_revokes_no_token_of_another(token, grace):
    details, text = make_token(grace, "hers", None)

    assert as_holder(token).delete(f"{TOKENS}{details.pk}/").status_code == 404
    assert post(text).status_code == 201


@pytest.mark.parametrize("path", [TOKENS, f"{TOKENS}1/", "/api/v1/auth/logout-everywhere/"])
def test_without_a_token_nobody_gets_at_tokens_also_while_the_api_is_open(db, path):
    client = APIClient(headers={"Content-Type": "application/json"})

    assert {client.post(path).status_code, client.get(path).status_code, client.delete(path).status_code} <= {401, 405}


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "laptop", "days": 0}, "days"),
        ({"name": "laptop", "days": 31}, "days"),
        ({"name": "laptop", "days": 10**9}, "days"),
        ({"name": "laptop", "expiry": "2030-01-01"}, "expiry"),
    ],
)
def test_a_token_that_cannot_be_is_refused_by_its_field(token, body, field):
    response = as_holder(token).post(TOKENS, body)

    assert (response.status_code, list(response.json()["errors"])) == (400, [field])


@pytest.mark.parametrize(
    "setting, asked, days", [(30, {}, 30), (30, {"days": 7}, 7), (0, {}, None), (0, {"days": 7}, 7)]
)
def test_a_token_holds_as_long_as_the_setting_says_or_shorter(ada, settings, setting, asked, days):
    settings.API_TOKEN_DAYS = setting
    _, token = make_token(ada, "without an end", None)

    as_holder(token).post(TOKENS, {"name": "laptop", **asked})

    assert days_left(TokenDetails.objects.get(name="laptop")) == days


def test_a_login_gives_a_token_that_holds_as_long_as_the_setting_says(ada, settings):
    response = APIClient(headers={"Authorization": BASIC}).post(LOGIN)

    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    assert days_left(TokenDetails.objects.get(name="login")) == settings.API_TOKEN_DAYS == 30


def test_a_login_gives_a_token_without_an_end_where_the_settings_have_none(ada, settings):
    settings.REST_KNOX = {"TOKEN_TTL": None}

    response = APIClient(headers={"Authorization": BASIC}).post(LOGIN)

    assert (response.status_code, response.json()["expiry"]) == (200, None)


@pytest.mark.parametrize("days", [{}, {"days": 5}])
def test_a_token_does_not_outlive_the_one_it_was_made_with(ada, settings, days):
    settings.API_TOKEN_DAYS = 0
    details, text = make_token(ada, "short", timedelta(hours=1))

    made = as_holder(text).post(TOKENS, {"name": "longer", **days}).json()

    assert TokenDetails.objects.get(pk=made["id"]).token.expiry == details.token.expiry


def test_one_has_no_more_than_fifty_tokens_and_may_still_log_in(ada, token):
    for _ in range(MOST_TOKENS - 1):
        AuthToken.objects.create(ada)

    refused = as_holder(token).post(TOKENS, {"name": "x"})

    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    assert APIClient().post(LOGIN, headers={"Authorization": BASIC}).status_code == 200


# -- last used -----------------------------------------------------------------------------------------------------


@pytest.fixture
def used(ada):
    """A token whose details say when it was used last."""
    details, text = make_token(ada, "laptop", None)

    def since(**ago):
        TokenDetails.objects.update(last_used_at=timezone.now() - timedelta(**ago))
        before = TokenDetails.objects.get(pk=details.pk).last_used_at
        assert post(text).status_code == 201
        return before, TokenDetails.objects.get(pk=details.pk).last_used_at

    return since


def test_when_a_token_was_used_is_kept_once_an_hour(used):
    before, after = used(minutes=59)
    assert after == before

    before, after = used(minutes=61)
    assert after > before


def test_a_token_that_was_made_past_us_is_known_once_it_is_used(ada, token):
    post(token)

    assert TokenDetails.objects.get(token__user=ada).last_used_at


def test_a_use_that_cannot_be_written_fails_no_request(token, monkeypatch):
    def locked(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr(QuerySet, "update", locked)

    assert as_holder(token).get(URL).status_code == 200

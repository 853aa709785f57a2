"""What ends all tokens of a user, those included that are just being made."""

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIClient

from devlog_project.api import login, tokens
from devlog_project.api.models import tokens as tokens_model
from devlog_project.api.models.tokens import end_tokens, make_token
from tests.support.tokens import BASIC, LOGIN, TOKENS, as_holder, post
from tests.support.waiting import beside

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(ada, token, grace):
    """Two tokens of ada's, and a function that says which hold: the first, the second, and grace's."""
    texts = [token, make_token(ada, "laptop", None)[1], make_token(grace, "hers", None)[1]]
    return lambda: [post(text).status_code for text in texts]


def test_a_new_password_ends_all_tokens_of_its_user(ada, two):
    ada.set_password("countess-1815")
    ada.save()

    assert two() == [401, 401, 201]


def test_a_new_password_in_the_admin_ends_them_too(ada, two, admin_client):
    form = {"password1": "countess-1815", "password2": "countess-1815", "usable_password": "true"}

    assert admin_client.post(f"/admin/auth/user/{ada.pk}/password/", form).status_code == 302

    assert two() == [401, 401, 201]


def test_a_password_that_is_only_hashed_anew_ends_none(ada, two, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]

    assert APIClient(headers={"Authorization": BASIC}).post(LOGIN).status_code == 200

    assert User.objects.get(pk=ada.pk).password.startswith("pbkdf2")
    assert two() == [201, 201, 201]


def test_a_user_who_is_saved_with_the_same_password_keeps_them(ada, two):
    User.objects.get(pk=ada.pk).save()

    assert two() == [201, 201, 201]


def test_a_deactivated_account_ends_them(ada, two):
    ada.is_active = False
    ada.save()

    assert two() == [401, 401, 201]


def test_a_logout_everywhere_ends_them(token, two):
    assert as_holder(token).post("/api/v1/auth/logout-everywhere/").status_code == 204

    assert two() == [401, 401, 201]


def test_a_password_that_is_disabled_ends_them(ada, two):
    ada.set_unusable_password()
    ada.save()

    assert two() == [401, 401, 201]


def test_a_password_that_is_disabled_in_the_admin_ends_them(ada, two, admin_client):
    form = {"usable_password": "false", "unset-password": "Disable"}

    assert admin_client.post(f"/admin/auth/user/{ada.pk}/password/", form).status_code == 302

    assert two() == [401, 401, 201]


def test_an_account_without_a_password_keeps_them_when_it_is_saved(ada):
    User.objects.update(password="!none")
    ada.refresh_from_db()
    _, text = make_token(ada, "laptop", None)

    ada.first_name = "Ada"
    ada.save()

    assert post(text).status_code == 201


def made_just_after(ended, monkeypatch, request):
    """Have all tokens ended once a request is past its authentication, and return its status."""
    make = tokens_model.make_token

    def make_after(*arguments):
        ended()
        return make(*arguments)

    monkeypatch.setattr(tokens, "make_token", make_after)
    monkeypatch.setattr(login, "make_token", make_after)
    return request().status_code


def test_a_token_that_is_ended_meanwhile_makes_no_other(ada, token, monkeypatch):
    def make():
        return as_holder(token).post(TOKENS, {"name": "x"})

    assert made_just_after(lambda: end_tokens(ada), monkeypatch, make) == 401
    assert not AuthToken.objects.exists()


def test_a_password_that_is_changed_meanwhile_gives_no_token(ada, monkeypatch):
    def change():
        ada.set_password("another one")
        ada.save()

    def log_in():
        return APIClient().post(LOGIN, headers={"Authorization": BASIC})

    assert made_just_after(change, monkeypatch, log_in) == 401
    assert not AuthToken.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_that_is_just_being_made_is_ended_too(ada):
    with transaction.atomic():
        _, text = make_token(ada, "laptop", None)
        end = beside(lambda: end_tokens(ada))
    end()

    assert post(text).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_none_is_made_while_all_are_being_ended(ada, token):
    asking = AuthToken.objects.get()
    with transaction.atomic():
        end_tokens(ada)
        make = beside(lambda: make_token(ada, "laptop", None, asking))

    with pytest.raises(AuthenticationFailed):
        make()
    assert not AuthToken.objects.exists()

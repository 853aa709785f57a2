"""One's tokens on the page of one's account."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from knox.models import AuthToken

from devlog_project.api.models import tokens as tokens_model
from devlog_project.api.models.tokens import TokenDetails, make_token
from tests.support.browsers import fields, logged_in, words
from tests.support.tokens import days_left, post

pytestmark = pytest.mark.django_db
TOKENS = "/account/tokens/"


@pytest.fixture
def client():
    return logged_in()


@pytest.fixture
def ada(client):
    return User.objects.get(username="ada")


def make(client, name="laptop", days="7"):
    return client.post(TOKENS, {"name": name, "days": days})


# -- made --------------------------------------------------------------------------------------------------------


def test_a_new_token_works_and_is_shown_once(client):
    page = make(client)
    text = fields(page)["made"]

    assert post(text).status_code == 201
    assert text not in client.get("/account/").text
    assert (TokenDetails.objects.get().name, days_left(TokenDetails.objects.get())) == ("laptop", 7)


def test_the_page_with_its_text_is_kept_by_no_cache_and_its_text_by_no_session(client):
    page = make(client)
    text = fields(page)["made"]

    assert "no-store" in page["Cache-Control"]
    assert text not in str(dict(client.session)) + str(client.cookies)


def test_without_days_it_holds_as_long_as_the_site_allows(client, settings):
    settings.API_TOKEN_DAYS = 30

    make(client, days="")

    assert days_left(TokenDetails.objects.get()) == 30


def test_where_the_site_sets_no_end_it_has_none(client, settings):
    settings.API_TOKEN_DAYS = 0

    page = make(client, days="")

    assert days_left(TokenDetails.objects.get()) is None
    assert "laptop" in words(page)


@pytest.mark.parametrize(
    "name, days, said",
    [
        ("", "7", "This field is required."),
        (" ", "7", "This field is required."),
        ("x" * 101, "7", "at most 100 characters"),
        ("a\0b", "7", "Null characters are not allowed."),
        ("laptop", "0", "greater than or equal to 1"),
        ("laptop", "-1", "greater than or equal to 1"),
        ("laptop", "31", "A token holds for at most 30 days here."),
        ("laptop", "9" * 30, "less than or equal to 36500"),
        ("laptop", "soon", "Enter a whole number."),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_stays_there(client, name, days, said):
    page = make(client, name, days)

    assert (page.status_code, said in words(page)) == (400, True)
    assert not AuthToken.objects.exists()
    assert (fields(page)["name"] or "", fields(page)["days"]) == (name, days)


def test_as_many_as_one_may_have_are_enough(client, ada, monkeypatch):
    monkeypatch.setattr(tokens_model, "MOST_TOKENS", 2)
    for name in ("one", "two"):
        make_token(ada, name, None)

    page = make(client)

    assert (page.status_code, AuthToken.objects.count()) == (409, 2)
    assert "as many as one may have. Revoke one first." in words(page)
    assert fields(page)["name"] == "laptop"


def test_who_is_logged_out_everywhere_meanwhile_makes_none(client, ada, monkeypatch):
    def change_before(*arguments, **more):
        ada.set_password("another-one")
        ada.save()
        return make_token(*arguments, **more)

    monkeypatch.setattr("devlogs.pages.tokens.make_token", change_before)

    assert make(client)["Location"] == "/login/?next=/account/"
    assert not AuthToken.objects.exists()


# -- listed ------------------------------------------------------------------------------------------------------


def test_the_list_names_ones_own_and_no_others(client, ada, grace):
    make_token(ada, "laptop", None)
    make_token(grace, "hers", None)

    page = words(client.get("/account/"))

    assert ("laptop" in page, "hers" in page) == (True, False)


def test_one_that_has_ended_is_marked(client, ada):
    make_token(ada, "laptop", None)
    AuthToken.objects.update(expiry=timezone.now() - timedelta(days=1))

    assert "(has ended)" in words(client.get("/account/"))


def test_a_name_of_markup_is_shown_as_it_is(client):
    page = make(client, "<script>alert(1)</script>")

    assert "<script>alert" not in page.text
    assert "<script>alert(1)</script>" in words(page)


def test_it_takes_as_many_queries_for_many_tokens_as_for_one(client, ada, django_assert_max_num_queries):
    for number in range(150):
        make_token(ada, f"token {number}", None)

    with django_assert_max_num_queries(6):
        page = client.get("/account/")

    assert page.text.count('class="card"') == 100
    assert "There are more, older ones." in words(page)


# -- revoked -----------------------------------------------------------------------------------------------------


def test_one_that_is_revoked_is_refused_and_the_others_hold(client, ada):
    (details, text), (_, other) = make_token(ada, "laptop", None), make_token(ada, "phone", None)

    page = client.post(f"{TOKENS}{details.pk}/revoke/", follow=True)

    assert "The token “laptop” is revoked." in words(page)
    assert (post(text).status_code, post(other).status_code) == (401, 201)


def test_anothers_token_is_not_there(client, grace):
    details, text = make_token(grace, "hers", None)

    assert client.post(f"{TOKENS}{details.pk}/revoke/").status_code == 404
    assert post(text).status_code == 201


def test_a_number_that_no_token_has_is_not_there(client):
    assert client.post(f"{TOKENS}{2**63}/revoke/").status_code == 404


def test_all_are_revoked_at_once_and_anothers_hold(client, ada, grace):
    texts = [make_token(ada, "laptop", None)[1], make_token(ada, "phone", None)[1], make_token(grace, "hers", None)[1]]

    client.post(f"{TOKENS}revoke/")

    assert [post(text).status_code for text in texts] == [401, 401, 201]


@pytest.mark.parametrize("path", ["", "revoke/", "{}/revoke/"])
def test_no_other_site_makes_or_revokes_any(path):
    client = logged_in("bert", enforce_csrf_checks=True)
    details, text = make_token(User.objects.get(username="bert"), "laptop", None)

    response = client.post(TOKENS + path.format(details.pk), {"name": "theirs"})

    assert (response.status_code, AuthToken.objects.count(), post(text).status_code) == (403, 1, 201)

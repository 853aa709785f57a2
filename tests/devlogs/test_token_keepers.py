"""Tokens in the hands of those who run the service: the command that makes one, and the admin."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from knox.models import AuthToken

from devlog_project.api.models import TokenDetails
from devlog_project.api.models.tokens import make_token
from tests.support.tokens import days_left, post

pytestmark = pytest.mark.django_db
ADMIN = "/admin/api/tokendetails/"


def create_token(*arguments):
    out, err = StringIO(), StringIO()
    call_command("create_token", *arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def test_the_command_prints_a_token_that_holds_and_says_until_when(ada):
    text, said = create_token("ada", "--name", "nightly import", "--days", "3")

    assert post(text).json()["author"] == "ada"
    assert days_left(TokenDetails.objects.get(name="nightly import")) == 3
    assert said.startswith("It holds until 2")
    assert text not in said


def test_the_command_makes_one_without_an_end_where_the_settings_have_none(ada, settings):
    settings.API_TOKEN_DAYS = 0

    text, said = create_token("ada", "--name", "nightly")

    assert (post(text).status_code, "until it is revoked" in said) == (201, True)


@pytest.mark.parametrize(
    "arguments, error",
    [
        (["bob", "--name", "x"], "There is no user 'bob'."),
        (["ada", "--name", " "], "--name must be a line of 1 to 100 characters."),
        (["ada", "--name", "a\nb"], "--name must be a line of 1 to 100 characters."),
        (["ada", "--name", "x", "--days", "0"], "--days must be at least 1."),
        (["ada", "--name", "x", "--days", "31"], "A token holds for at most 30 days here. See API_TOKEN_DAYS."),
    ],
)
def test_the_command_says_what_is_wrong_and_makes_none(ada, arguments, error):
    with pytest.raises(CommandError) as raised:
        create_token(*arguments)

    assert str(raised.value) == error
    assert not AuthToken.objects.exists()


def test_the_command_makes_none_for_an_inactive_account(ada):
    User.objects.update(is_active=False)

    with pytest.raises(CommandError, match="is not active"):
        create_token("ada", "--name", "x")


# -- the admin -----------------------------------------------------------------------------------------------------


def test_the_admin_shows_tokens_without_their_text_and_hash(ada, admin_client):
    details, text = make_token(ada, "laptop", None)
    pages = [admin_client.get(ADMIN), admin_client.get(f"{ADMIN}{details.pk}/change/")]

    for page in pages:
        assert (page.status_code, "laptop" in page.text, "ada" in page.text) == (200, True, True)
        for secret in (text, text[:8], details.token.digest):
            assert secret not in page.text


def test_the_admin_revokes_one_token_or_several(ada, admin_client):
    texts = [make_token(ada, name, None)[1] for name in ("one", "two", "three")]
    one, two, _ = TokenDetails.objects.order_by("pk")

    admin_client.post(f"{ADMIN}{one.pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [two.pk], "post": "yes"}
    admin_client.post(ADMIN, chosen)

    assert [post(text).status_code for text in texts] == [401, 401, 201]


def test_the_admin_makes_no_token_and_changes_none(ada, admin_client):
    details, _ = make_token(ada, "laptop", None)

    assert admin_client.get(f"{ADMIN}add/").status_code == 403
    assert admin_client.post(f"{ADMIN}{details.pk}/change/", {"name": "x"}).status_code == 403
    assert admin_client.get("/admin/knox/authtoken/").status_code == 404


def test_staff_without_the_permission_see_no_token(client, ada):
    client.force_login(User.objects.create_user("clerk", is_staff=True))

    assert client.get(ADMIN).status_code == 403

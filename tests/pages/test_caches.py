"""What is one's own is kept by no cache but one's own browser's, and what is secret by none."""

import pytest

ENTRY = "/entries/{}/"
PRIVATE = ["/", ENTRY, f"{ENTRY}edit/", f"{ENTRY}tags/", "/entries/?ids={}", "/entries/tags/?q=d", "/stack/"]
PRIVATE += ["/stack/download/markdown/", "/stack/download/jsonresume/"]
NOT_STORED = ["/account/", "/account/export/csv/", "/account/export/ndjson/", "/account/password/", "/account/delete/"]


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("headers", [{}, {"X-Fragment": "1"}])
def test_a_page_is_private_and_asked_for_each_time(page, make_devlog, ada, address, headers):
    answer = page.get(address.format(make_devlog(author=ada).pk), headers=headers)

    assert answer.status_code == 200
    assert {"private", "no-cache"} <= set(answer["Cache-Control"].split(", "))


@pytest.mark.parametrize("address", NOT_STORED)
def test_what_holds_all_of_ones_own_or_secrets_is_not_stored(page, address):
    assert "no-store" in page.get(address)["Cache-Control"]


def test_what_a_deletion_answers_is_private_too(page, make_devlog, ada):
    assert "private" in page.post(f"/entries/{make_devlog(author=ada).pk}/delete/")["Cache-Control"]

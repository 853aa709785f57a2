"""The cards that a page asks for again while it waits for tags."""

import pytest

from tests.support.home import entries_of

pytestmark = pytest.mark.django_db
CARDS = "/entries/"
FRAGMENT = {"X-Fragment": "1"}


def cards(client, *ids, **headers):
    return client.get(CARDS, {"ids": ",".join(map(str, ids))}, headers={**FRAGMENT, **headers})


def test_the_cards_asked_for_come_without_a_page_around_them(page, ada, make_devlog):
    devlogs = [make_devlog(author=ada) for _ in range(3)]

    response = cards(page, devlogs[0].pk, devlogs[2].pk)

    assert entries_of(response) == [devlogs[2].pk, devlogs[0].pk]
    assert "<html" not in response.content.decode()


def test_a_card_says_its_state_and_its_tags_once_they_are_found(page, ada, make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django app.", author=ada)
    before = cards(page, devlog.pk).content.decode()
    run_jobs()

    after = cards(page, devlog.pk).content.decode()

    assert 'data-state="pending"' in before
    assert 'data-state="done"' in after
    assert "tag=django" in after


@pytest.mark.parametrize("whose", ["grace", None])
def test_what_is_anothers_is_left_out(page, grace, make_devlog, whose):
    devlog = make_devlog(author=grace if whose else None)

    response = cards(page, devlog.pk, 999_999)

    assert (response.status_code, entries_of(response)) == (200, [])


def test_what_has_not_changed_is_not_sent_again(page, ada, make_devlog, run_jobs):
    devlog = make_devlog(author=ada)
    first = cards(page, devlog.pk)

    assert cards(page, devlog.pk, **{"If-None-Match": first["ETag"]}).status_code == 304
    run_jobs()
    assert cards(page, devlog.pk, **{"If-None-Match": first["ETag"]}).status_code == 200


def test_no_shared_cache_keeps_them(page, ada, make_devlog):
    kept = cards(page, make_devlog(author=ada).pk)["Cache-Control"]

    assert set(kept.split(", ")) == {"private", "no-cache"}


@pytest.mark.parametrize("ids", ["", "x", "1,,2", "-1", "1.5", "٣", "9" * 19, ",".join(["1"] * 51), "1;2"])
def test_other_ids_are_refused_in_plain_words(page, ids):
    response = page.get(CARDS, {"ids": ids}, headers=FRAGMENT)

    assert response.status_code == 400
    assert response.content.decode() == "`ids` are the ids of at most 50 entries, with commas between them."


def test_fifty_may_be_asked_for_at_once(page):
    assert cards(page, *range(50)).status_code == 200


def test_a_script_whose_session_ran_out_is_told_so(client):
    assert cards(client, 1).status_code == 401


def test_nothing_is_changed_there(page):
    assert page.post(CARDS).status_code == 405


@pytest.mark.parametrize("count", [1, 30])
def test_a_page_asks_the_database_as_often_for_many_entries_as_for_one(
    page, ada, make_tagged, django_assert_max_num_queries, count
):
    devlogs = [make_tagged("Django", f"Tool {number}", author=ada) for number in range(count)]
    page.get("/")

    with django_assert_max_num_queries(11):
        assert len(entries_of(page.get("/"))) == count
    with django_assert_max_num_queries(6):
        assert len(entries_of(cards(page, *(devlog.pk for devlog in devlogs)))) == count

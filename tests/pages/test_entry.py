"""One entry on its page and as a card, and what its author does with it."""

import pytest
from django.test import Client

from devlogs.models import DevLog
from tagging.models import Job
from tests.support.jobs import job_of, tags_of

FRAGMENT = {"X-Fragment": "1"}
HOME = "/?tag=django"


@pytest.fixture
def devlog(make_tagged, ada):
    return make_tagged("Django", "Celery", author=ada)


def address(devlog, action=""):
    return f"/entries/{devlog.pk}/{action}"


def text_of(answer):
    return answer.content.decode()


def test_a_script_gets_the_card_and_all_others_a_page_with_it(page, devlog):
    card, whole = page.get(address(devlog), headers=FRAGMENT), page.get(address(devlog))

    assert text_of(card).startswith('<article class="entry card"')
    assert 'data-state="done"' in text_of(card)
    assert "<html" in text_of(whole)
    assert f'id="entry-{devlog.pk}"' in text_of(whole)
    assert "X-Fragment" in whole["Vary"]


def test_a_page_asks_again_by_itself_until_its_entry_is_tagged(page, ada, make_devlog, run_jobs):
    devlog = make_devlog(author=ada)
    asks = '<noscript><meta http-equiv="refresh"'
    assert asks in text_of(page.get(address(devlog)))

    run_jobs()

    assert asks not in text_of(page.get(address(devlog)))


def test_a_card_is_not_sent_twice_to_a_script_that_has_it(page, devlog):
    first = page.get(address(devlog), headers=FRAGMENT)

    again = page.get(address(devlog), headers={**FRAGMENT, "If-None-Match": first["ETag"]})

    assert again.status_code == 304


def test_a_chip_leads_to_what_else_has_the_tag_and_says_what_showed_it(page, devlog):
    card = text_of(page.get(address(devlog), headers=FRAGMENT))

    assert 'href="/?tag=django" title="' in card
    assert 'data-name="django">Django</mark>' in card


def test_hostile_words_stay_words(page, ada, make_devlog):
    devlog = make_devlog("<script>alert(1)</script>\u202e" + "x" * 19_000, author=ada)

    for headers in (FRAGMENT, {}):
        answer = text_of(page.get(address(devlog), headers=headers))
        assert "<script>alert" not in answer
        assert "&lt;script&gt;alert" in answer


@pytest.mark.parametrize("private", [True, False])
def test_a_switch_makes_an_entry_private_or_not_and_has_it_tagged_anew(page, ada, make_tagged, private):
    devlog = make_tagged("Django", author=ada, is_private=not private)

    answer = page.post(address(devlog, "private/"), {"private": str(private).lower(), "next": HOME})

    assert answer["Location"] == f"{HOME}#entry-{devlog.pk}"
    assert DevLog.objects.get().is_private is private
    assert job_of(devlog).state == "pending"


def test_an_entry_that_is_private_already_is_left_alone(page, devlog):
    page.post(address(devlog, "private/"), {"private": "false"})

    assert job_of(devlog).state == "done"


def test_private_is_yes_or_no(page, devlog):
    assert page.post(address(devlog, "private/"), {"private": "perhaps"}).status_code == 400


def test_an_entry_is_tagged_again(page, devlog):
    answer = page.post(address(devlog, "retag/"), headers=FRAGMENT)

    assert 'data-state="pending"' in text_of(answer)
    assert tags_of(devlog) == ["Django", "Celery"]


@pytest.mark.parametrize(("action", "fields"), [("retag/", {}), ("private/", {"private": "true"})])
def test_who_has_too_many_waiting_is_told_so_where_it_was_asked(
    page, devlog, make_devlog, ada, monkeypatch, action, fields
):
    make_devlog(author=ada)
    monkeypatch.setattr("tagging.queues.MOST_PENDING", 1)

    answer = page.post(address(devlog, action), fields, headers=FRAGMENT)
    plain = page.post(address(devlog, action), {**fields, "next": address(devlog)}, follow=True)

    assert answer.status_code == 429
    for shown in (answer, plain):
        assert "waiting for their tags" in text_of(shown)
    assert job_of(devlog).state == "done"


def test_an_entry_that_waits_may_be_made_private_whatever_else_waits(page, make_devlog, ada, monkeypatch):
    devlog = make_devlog(author=ada)
    monkeypatch.setattr("tagging.queues.MOST_PENDING", 1)

    assert page.post(address(devlog, "private/"), {"private": "true"}, headers=FRAGMENT).status_code == 200
    assert job_of(devlog).is_private


@pytest.mark.parametrize("next_url", ["https://example.com/", "//example.com/", "javascript:alert(1)", ""])
def test_nobody_is_led_to_another_site(page, devlog, next_url):
    answer = page.post(address(devlog, "retag/"), {"next": next_url})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/")
    assert not answer["Location"].startswith("//")


def test_without_a_word_of_the_form_one_goes_back_to_where_one_came_from(page, devlog):
    answer = page.post(address(devlog, "retag/"), headers={"Referer": "http://testserver/?q=words"})

    assert answer["Location"] == f"/?q=words#entry-{devlog.pk}"


def test_what_is_done_after_the_session_has_ended_leads_to_the_login_and_back(devlog):
    plain = Client().post(address(devlog, "retag/"), {"next": HOME})
    script = Client().post(address(devlog, "retag/"), headers=FRAGMENT)

    assert plain["Location"] == "/login/?next=/%3Ftag%3Ddjango"
    assert script.status_code == 401
    assert job_of(devlog).state == "done"


def test_a_card_takes_as_many_queries_for_many_tags_as_for_one(page, ada, make_tagged, django_assert_num_queries):
    few, many = make_tagged("Django", author=ada), make_tagged("Django", "Celery", "Redis", "Go", author=ada)
    counts = []
    for devlog in (few, many):
        page.get(address(devlog), headers=FRAGMENT)
        with django_assert_num_queries(4):
            counts.append(page.get(address(devlog), headers=FRAGMENT).status_code)
    assert counts == [200, 200]


def test_while_the_pages_are_open_anybody_changes_what_has_no_author(settings, make_tagged):
    settings.API_OPEN = True
    devlog = make_tagged("Django")

    assert Client().post(address(devlog, "retag/"), headers=FRAGMENT).status_code == 200
    assert Job.objects.get().state == "pending"


@pytest.mark.parametrize(("code", "looks"), [("cancelled", "failed cancelled"), ("timeout", "failed")])
def test_what_a_person_cancelled_is_not_shown_as_a_fault(page, devlog, code, looks):
    Job.objects.update(state="failed", error_code=code)

    assert f'<p class="why {looks}">' in text_of(page.get(address(devlog)))

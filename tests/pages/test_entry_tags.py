"""A person sets tags and takes them off, with the same rules as at the API."""

from html import unescape

import pytest
from django.test import Client

from tagging.curation import edits
from tagging.models import DevLogTag, Tag
from tests.support.jobs import tags_of

FRAGMENT = {"X-Fragment": "1"}
BOTH = pytest.mark.parametrize("headers", [FRAGMENT, {}])


@pytest.fixture
def devlog(make_tagged, ada):
    return make_tagged("Django", "Celery", author=ada)


def address(devlog, action=""):
    return f"/entries/{devlog.pk}/tags/{action}"


def said(answer):
    return unescape(answer.content.decode())


def suggested(page, beginning):
    answer = said(page.get("/entries/tags/", {"q": beginning}, headers=FRAGMENT))
    return [option.partition('"')[0] for option in answer.split('<option value="')[1:]]


@BOTH
def test_a_tag_is_taken_off_for_good(page, devlog, tag_again, headers):
    answer = page.post(address(devlog, "remove/"), {"name": "celery", "next": "/?tag=django"}, headers=headers)
    tag_again(devlog, "Django", "Celery")

    assert tags_of(devlog) == ["Django"]
    assert answer.status_code == (200 if headers else 302)


def test_a_tag_that_another_tab_took_off_is_off(page, devlog):
    answers = [page.post(address(devlog, "remove/"), {"name": "celery"}, headers=FRAGMENT) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


@BOTH
def test_a_tag_is_set_under_the_name_that_all_use(page, devlog, ada, headers):
    answer = page.post(address(devlog), {"name": " k8s ", "next": "/"}, headers=headers)

    assert answer.status_code == (200 if headers else 302)
    tagging = DevLogTag.objects.get(tag__name="Kubernetes")
    assert (tagging.person, tagging.source) == (ada, "person")


def test_a_tag_set_by_hand_says_so(page, devlog):
    assert "Set by a person" in said(page.post(address(devlog), {"name": "Kafka"}, headers=FRAGMENT))


@BOTH
@pytest.mark.parametrize("name", ["", "?!", "x" * 300, "a\u202eb"])
def test_what_names_no_tag_is_refused_at_its_field_and_stays_there(page, devlog, name, headers):
    answer = page.post(address(devlog), {"name": name}, headers=headers)

    assert answer.status_code == 400
    assert 'class="error"' in said(answer)
    assert f'value="{name}"' in said(answer)
    assert tags_of(devlog) == ["Django", "Celery"]


def test_a_blocked_name_is_refused(page, devlog):
    Tag.objects.create(name="Stuff", slug="stuff", is_blocked=True)

    answer = page.post(address(devlog), {"name": "Stuff"}, headers=FRAGMENT)

    assert "blocked" in said(answer)


def test_a_full_entry_says_how_many_tags_it_takes(page, devlog, monkeypatch):
    monkeypatch.setattr(edits, "MAX_TECHNOLOGIES", 0)

    answer = page.post(address(devlog), {"name": "Kafka"}, headers=FRAGMENT)

    assert answer.status_code == 409
    assert "take one off" in said(answer)


@BOTH
def test_the_form_to_add_a_tag_suggests_without_a_script_too(page, devlog, headers):
    assert '<option value="Celery">' in said(page.get(address(devlog), headers=headers))


def test_what_one_uses_most_is_suggested_first(page, ada, make_tagged):
    make_tagged("Django", "Docker", author=ada)
    make_tagged("Docker", author=ada)

    assert suggested(page, "d")[:3] == ["Docker", "Django", "D"]
    assert suggested(page, "") == ["Docker", "Django"]


@pytest.mark.parametrize(
    "beginning, name", [("k8s", "Kubernetes"), ("Kaf", "Apache Kafka"), ("tailw", "Tailwind CSS")]
)
def test_an_alias_and_its_beginning_suggest_what_they_stand_for(page, beginning, name):
    assert suggested(page, beginning)[0] == name


def test_an_alias_stands_in_its_option_as_a_browser_looks_for_what_was_typed(page):
    answer = said(page.get("/entries/tags/", {"q": "k8s"}, headers=FRAGMENT))

    assert '<option value="Kubernetes">k8s</option>' in answer


def test_a_word_of_a_name_suggests_it(page):
    assert "scikit-learn" in suggested(page, "learn")


def test_what_one_uses_comes_before_what_everybody_knows_but_after_what_was_typed_exactly(page, ada, make_tagged):
    make_tagged("Kafka Connect", "Google Cloud", "Zzyzx Gopher", author=ada)

    assert suggested(page, "kaf")[:2] == ["Kafka Connect", "Apache Kafka"]
    assert suggested(page, "go")[:3] == ["Go", "Google Cloud", "Zzyzx Gopher"]


def test_what_others_use_is_not_told(page, make_tagged, grace):
    make_tagged("Zzyzx Internal", author=grace)

    assert suggested(page, "zzy") == []


def test_a_hostile_name_stays_a_name(page, devlog, ada):
    edits.add(devlog, "<script>alert(1)</script>", ada)

    for answer in (
        page.get(f"/entries/{devlog.pk}/"),
        page.get(address(devlog)),
        page.get("/entries/tags/?q=<script"),
    ):
        assert "<script>alert" not in answer.content.decode()


def test_what_was_typed_goes_through_the_login(devlog):
    answer = Client().post(address(devlog), {"name": "C++"})

    assert answer["Location"] == f"/login/?next=/entries/{devlog.pk}/tags/%3Fname%3DC%252B%252B"


def test_after_the_login_it_stands_in_the_form_again(page, devlog):
    assert 'value="C++"' in said(page.get(address(devlog), {"name": "C++"}))


def test_a_card_without_tags_says_whether_any_were_taken_off(page, devlog, make_devlog, run_jobs, ada):
    never = make_devlog("Slept.", author=ada)
    run_jobs()
    for tag in ("django", "celery"):
        answer = page.post(address(devlog, "remove/"), {"name": tag}, headers=FRAGMENT)

    assert "All its tags were taken off." in said(answer)
    assert "No technology was found in it." not in said(answer)
    assert "No technology was found in it." in said(page.get(f"/entries/{never.pk}/"))

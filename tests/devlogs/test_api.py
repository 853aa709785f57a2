"""The HTTP interface: shapes, headers, and what is refused with nothing saved."""

import json

import pytest
from django.contrib.auth.models import User

from devlogs.models import DevLog
from devlogs.views import DevLogViewSet
from tagging.models import Job, Tag
from tests.support.entries import FOUNDING
from tests.support.extractors import Scripted

pytestmark = pytest.mark.django_db
URL = "/api/v1/devlogs/"
PROBLEM = "application/problem+json"


def post(api, entry):
    return api.post(URL, {"entry": entry})


def test_a_post_answers_with_the_devlog_and_its_pending_job(api):
    response = post(api, FOUNDING)

    body = response.json()
    tagging = body.pop("tagging")
    assert response.status_code == 201
    assert body == {
        "id": body["id"],
        "entry": FOUNDING,
        "private": False,
        "external_id": None,
        "author": None,
        "created_at": body["created_at"],
        "tags": [],
    }
    assert tagging == {
        "state": "pending",
        "attempts": 0,
        "queued_at": tagging["queued_at"],
        "started_at": None,
        "finished_at": None,
        "run_after": tagging["queued_at"],
        "waiting_for": None,
        "error": None,
        "names_dropped": None,
    }


def test_a_post_says_where_the_devlog_is_and_when_to_look_again(api):
    response = post(api, FOUNDING)

    assert response["Location"] == f"http://testserver{URL}{response.json()['id']}/"
    assert response["Retry-After"] == "1"


def test_the_tags_stand_in_the_order_of_the_entry_with_source_and_evidence(api, run_jobs):
    created = post(api, FOUNDING)

    run_jobs()

    body = api.get(created["Location"]).json()
    assert body["tagging"]["state"] == "done"
    assert [(tag["name"], tag["slug"], tag["source"]) for tag in body["tags"]] == [
        ("Django", "django", "embedded"),
        ("Elasticsearch", "elasticsearch", "embedded"),
        ("ImaginaryNoneExistence Cloud", "imaginarynoneexistence-cloud", "embedded"),
    ]
    assert all(tag["evidence"] in FOUNDING and tag["name"] in tag["evidence"] for tag in body["tags"])


def test_a_final_devlog_asks_no_client_to_look_again(api, run_jobs):
    created = post(api, FOUNDING)
    run_jobs()

    assert "Retry-After" not in api.get(created["Location"])


def test_a_client_that_knows_the_state_already_gets_304(api, run_jobs):
    created = post(api, FOUNDING)
    run_jobs()
    first = api.get(created["Location"])

    assert api.get(created["Location"], headers={"If-None-Match": first["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    "entry", ["  leading and trailing \n", "a\r\nb\rc\n", "e\u0301 😀 \u202e", "\ufeffDjango", "x" * 20_000]
)
def test_an_entry_is_stored_exactly_as_sent(api, entry):
    response = post(api, entry)

    assert DevLog.objects.get(pk=response.json()["id"]).entry == entry


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"entry": ""}',
        '{"entry": " \\n\\t\\u00a0"}',
        '{"entry": null}',
        '{"entry": 42}',
        '{"entry": true}',
        '{"entry": ["a"]}',
        '{"entry": {"a": 1}}',
        '{"entry": "a\\u0000b"}',
        '{"entry": "a\\ud800b"}',
        json.dumps({"entry": "x" * 20_001}),
        "[]",
        '"entry"',
        "null",
        "",
        "{",
        "entry=abc",
        '{"entry": NaN}',
        "[" * 100_000,
        b'{"entry": "\xff\xfe"}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_bad_body_is_refused_with_400_and_nothing_is_saved(api, body):
    response = api.generic("POST", URL, body, content_type="application/json")

    assert (response.status_code, response["Content-Type"]) == (400, PROBLEM)
    assert response.json()["detail"]
    assert not DevLog.objects.exists()


def test_a_refusal_names_the_field_and_the_reason(api):
    assert post(api, 42).json() == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "The request is not valid; see errors.",
        "errors": {"entry": ["The entry must be a text (a JSON string)."]},
    }


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_another_content_type_is_refused_with_415(api, content_type):
    response = api.generic("POST", URL, '{"entry": "Django"}', content_type=content_type)

    assert (response.status_code, response["Content-Type"]) == (415, PROBLEM)
    assert not DevLog.objects.exists()


def test_a_body_over_256_kb_is_refused_with_413(api):
    response = api.generic("POST", URL, '{"entry": "%s"}' % ("x" * 256 * 1024), content_type="application/json")

    assert (response.status_code, response["Content-Type"]) == (413, PROBLEM)
    assert not DevLog.objects.exists()


@pytest.mark.parametrize(
    "path",
    [f"{URL}4711/", f"{URL}abc/", f"{URL}{10**30}/", "/api/v1/nothing/", "/api/v2/", "/api/v1/devlogs", "/nothing"],
)
def test_an_unknown_address_is_a_problem_with_404(api, path):
    response = api.get(path)

    assert (response.status_code, response["Content-Type"]) == (404, PROBLEM)


@pytest.mark.parametrize("method, path", [("PUT", URL), ("DELETE", URL), ("POST", "/api/v1/tags/")])
def test_a_wrong_method_is_refused_with_405(api, method, path):
    response = api.generic(method, path, "{}", content_type="application/json")

    assert (response.status_code, response["Content-Type"]) == (405, PROBLEM)


def test_a_fault_on_our_side_is_a_problem_with_500(api, monkeypatch):
    monkeypatch.setattr("devlogs.entries.queues.enqueue", lambda devlog: 1 / 0)
    api.raise_request_exception = False

    response = post(api, FOUNDING)

    assert (response.status_code, response["Content-Type"]) == (500, PROBLEM)
    assert not DevLog.objects.exists()


def test_the_list_is_newest_first_in_pages_that_lead_to_all(api, make_devlog):
    made = [make_devlog(f"entry {number}").pk for number in range(51)]

    first = api.get(URL).json()
    second = api.get(first["next"]).json()

    assert first["previous"] is None
    assert second["next"] is None
    assert [devlog["id"] for devlog in first["results"] + second["results"]] == made[::-1]


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_takes_as_many_queries_however_long_it_is(
    api, make_devlog, run_jobs, count, django_assert_num_queries
):
    for _ in range(count):
        make_devlog(FOUNDING)
    run_jobs()

    with django_assert_num_queries(2):
        assert len(api.get(URL).json()["results"]) == count


def test_it_says_how_many_names_were_dropped_once_it_is_known(api, make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view.")
    run_jobs(Scripted(["Django", "Flask", "React"]))
    done = [api.get(f"{URL}{devlog.pk}/").json(), *api.get(URL).json()["results"]]
    again = api.post(f"{URL}{devlog.pk}/retag/").json()
    run_jobs(Scripted(["Flask"]))
    none_kept = api.get(f"{URL}{devlog.pk}/").json()

    dropped = [body["tagging"]["names_dropped"] for body in (*done, again, none_kept)]
    assert dropped == [2, 2, None, 1]


def test_the_contract_says_what_a_dropped_name_is(api):
    schema = api.get("/api/v1/schema/", headers={"accept": "application/vnd.oai.openapi+json"}).json()

    field = schema["components"]["schemas"]["Tagging"]["properties"]["names_dropped"]
    assert "do not stand in the entry" in field["description"]


def test_the_list_can_be_filtered_by_a_tag(api, make_devlog, run_jobs):
    make_devlog("Wrote a Django view.")
    redis = make_devlog("Cached it in Redis.")
    run_jobs()

    assert [devlog["id"] for devlog in api.get(URL, {"tag": "redis"}).json()["results"]] == [redis.pk]


def test_tags_come_most_used_first_with_their_counts(api, make_devlog, run_jobs):
    make_devlog("Wrote a Django view.")
    make_devlog("Moved the Django app to PostgreSQL.")
    Tag.objects.create(name="Unused", slug="unused")
    run_jobs()

    assert api.get("/api/v1/tags/").json()["results"] == [
        {"name": "Django", "slug": "django", "kind": "framework", "count": 2},
        {"name": "PostgreSQL", "slug": "postgresql", "kind": "database", "count": 1},
    ]


@pytest.mark.parametrize("method", ["put", "patch"])
def test_an_edited_entry_is_tagged_anew(api, make_devlog, run_jobs, method):
    devlog = make_devlog("Wrote a Django view.")
    run_jobs()

    response = getattr(api, method)(f"{URL}{devlog.pk}/", {"entry": "Cached it in Redis."})
    between = api.get(f"{URL}{devlog.pk}/").json()
    run_jobs()

    assert response.status_code == 200
    assert response.json() == between
    assert (between["tagging"]["state"], between["tags"]) == ("pending", [])
    assert [tag["name"] for tag in api.get(f"{URL}{devlog.pk}/").json()["tags"]] == ["Redis"]


def test_a_put_of_the_same_text_asks_for_no_tags(api, make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view.")
    run_jobs()

    api.put(f"{URL}{devlog.pk}/", {"entry": "Wrote a Django view."})

    assert Job.objects.get(pk=devlog.pk).state == "done"


def test_an_edit_by_another_is_not_undone_by_a_request_that_sends_no_entry(api, make_devlog, monkeypatch):
    devlog = make_devlog("Wrote a Django view.")
    seen = DevLogViewSet.get_object

    def seen_before_the_other_edit(view):
        shown = seen(view)
        DevLog.objects.filter(pk=devlog.pk).update(entry="Cached it in Redis.")
        return shown

    monkeypatch.setattr(DevLogViewSet, "get_object", seen_before_the_other_edit)
    api.patch(f"{URL}{devlog.pk}/", {})

    assert DevLog.objects.get().entry == "Cached it in Redis."


def test_an_import_comes_after_what_people_wait_for(api):
    api.post(f"{URL}?bulk=true", {"entry": "One of ten thousand."})
    api.post(URL, {"entry": "Just written."})

    assert [job.devlog.entry for job in Job.objects.due()] == ["Just written.", "One of ten thousand."]


def test_a_body_in_a_codec_of_the_clients_choice_is_not_decoded_by_it(api):
    response = api.generic("POST", URL, '{"entry": "Django-9ta"}', content_type="application/json; charset=punycode")

    assert response.json()["entry"] == "Django-9ta"


def test_a_deleted_devlog_leaves_nothing_behind(api, make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view.")
    run_jobs()

    assert api.delete(f"{URL}{devlog.pk}/").status_code == 204
    assert not DevLog.objects.exists()
    assert not Job.objects.exists()


def test_a_failed_job_says_why(api, make_devlog):
    devlog = make_devlog()
    Job.objects.filter(pk=devlog.pk).update(
        state="failed", run_after=None, error_code="entry_too_long", error_detail="The entry is too long."
    )

    tagging = api.get(f"{URL}{devlog.pk}/").json()["tagging"]

    assert (tagging["state"], tagging["error"]) == (
        "failed",
        {"code": "entry_too_long", "detail": "The entry is too long."},
    )


def test_a_devlog_without_a_job_is_shown_without_one(api):
    devlog = DevLog.objects.create(entry="by hand")

    assert api.get(f"{URL}{devlog.pk}/").json()["tagging"] is None


class TestWhereTheApiIsNotOpen:
    """With DEBUG off a token is needed, and an author sees their own."""

    @pytest.fixture(autouse=True)
    def closed(self, settings):
        settings.API_OPEN = False

    @pytest.fixture
    def ada(self, api):
        User.objects.create_user("ada", password="lovelace")
        login = api.post("/api/v1/auth/login/", headers={"Authorization": "Basic YWRhOmxvdmVsYWNl"})
        api.credentials(HTTP_AUTHORIZATION=f"Token {login.json()['token']}")
        return api

    @pytest.mark.parametrize("path", [URL, "/api/v1/tags/"])
    def test_an_anonymous_client_is_refused(self, api, path):
        response = api.get(path)

        assert (response.status_code, response["Content-Type"]) == (401, PROBLEM)

    def test_a_token_names_the_author(self, ada):
        assert post(ada, "Wrote a Django view.").json()["author"] == "ada"

    def test_an_author_sees_their_own_devlogs_alone(self, ada, make_devlog):
        other = make_devlog("Somebody's Django.")
        own = post(ada, "My Redis.").json()["id"]

        assert [devlog["id"] for devlog in ada.get(URL).json()["results"]] == [own]
        assert ada.get(f"{URL}{other.pk}/").status_code == 404

    def test_tags_count_the_own_devlogs_alone(self, ada, make_devlog, run_jobs):
        make_devlog("Somebody's Django and Redis.")
        post(ada, "My Redis.")
        run_jobs()

        assert [tag["slug"] for tag in ada.get("/api/v1/tags/").json()["results"]] == ["redis"]

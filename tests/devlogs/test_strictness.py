"""What an address does not know is refused: parameters, bodies and fields."""

import gzip
import io
import json
import socket
from http.client import HTTPResponse

import pytest
from django.test import RequestFactory

from devlog_project.texts import Utf8ASGIRequest, Utf8WSGIRequest
from devlogs.models import DevLog
from tagging.models import Job
from tests.support.entries import FOUNDING
from tests.support.servers import SERVERS
from tests.support.site import Site

URL = "/api/v1/devlogs/"
PROBLEM = "application/problem+json"
ENTRY = json.dumps({"entry": FOUNDING}).encode()


def refused(response, *names):
    assert (response.status_code, response["Content-Type"]) == (400, PROBLEM), response.content
    return set(response.json().get("errors", {})) == set(names)


# -- Parameters ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
@pytest.mark.parametrize(
    "path", [URL, f"{URL}{{}}/", f"{URL}{{}}/retag/", f"{URL}{{}}/tags/Django/", "/api/v1/tags/", "/api/v1/schema/"]
)
def test_an_unknown_parameter_is_refused_and_nothing_is_done(api, make_devlog, method, path):
    devlog = make_devlog()
    body = {"entry": FOUNDING} if method in ("post", "put", "patch") and "tags" not in path else None

    response = getattr(api, method)(f"{path.format(devlog.pk)}?status=failed", body)

    assert response.status_code in (400, 405)
    assert [devlog.entry for devlog in DevLog.objects.all()] == ["Wrote a Django app."]
    assert not devlog.tags.exists()


@pytest.mark.django_db
def test_a_refusal_names_the_parameters_that_are_known(api):
    errors = api.get(f"{URL}?status=failed").json()["errors"]

    known = "tag, tag_any, kind, state, private, author, external_id, since, until, q, ordering, limit, cursor"
    assert errors == {"status": [f"Unknown parameter. Known here: {known}."]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        "tag=",
        "tag=%20",
        "tag=Django&tag=",
        "tag=a" + 10 * "&tag=b",
        "Tag=Django",
        "state=",
        "state=lost",
        "format=xml",
        "tag_any=",
        "tag_any=a" + 10 * "&tag_any=b",
        "kind=thing",
        "kind=",
        "author=nobody",
        "since=yesterday",
        "since=2026-02-30",
        "since=2026-03-01T08:00:00+01:00",
        "since=0001-01-01T00:00:00%2B14:00",
        "until=9999-12-31",
        "until=",
        "q=",
        "q=*",
        "q=%22%22",
        "q=" + 201 * "a",
        "q=" + 10_000 * "%22(",
        "q=a&q=b",
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=1.0",
        "limit=%D9%A1",
        "limit=9999999999",
        "ordering=entry",
        "ordering=-pk",
    ],
)
def test_a_parameter_without_sense_is_refused(api, query):
    assert refused(api.get(f"{URL}?{query}"), query.partition("=")[0])


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["state=done&state=failed", "cursor=", "page_size=5"])
def test_a_parameter_given_twice_empty_or_unheard_of_is_refused(api, query):
    assert refused(api.get(f"{URL}?{query}"), query.partition("=")[0])


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"{URL}?tag=%00", f"{URL}?x=a%00b", "/api/v1/tags/?cursor=%00", "/admin/?e=%00"])
def test_a_nul_in_a_query_is_refused_wherever_it_stands(api, path):
    assert refused(api.get(path))


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["", "1", "yes", "True", "true&bulk=false"])
def test_a_bulk_that_is_neither_true_nor_false_is_refused(api, value):
    assert refused(api.post(f"{URL}?bulk={value}", {"entry": FOUNDING}), "bulk")
    assert not DevLog.objects.exists()


# -- What the filters find -------------------------------------------------------------------------------------------


def found(api, query):
    return {devlog["id"] for devlog in api.get(f"{URL}?{query}").json()["results"]}


@pytest.mark.django_db
@pytest.mark.parametrize("tag", ["Node.js", "NODE.JS", "nodejs", "node-js", "Nodes", "nodes"])
def test_a_tag_is_found_by_slug_name_alias_and_spelling(api, make_tagged, tag):
    devlog = make_tagged("Node.js")
    devlog.tags.get().aliases.create(name="Nodes", slug="nodes")
    make_tagged("Redis")

    assert found(api, f"tag={tag}") == {devlog.pk}


@pytest.mark.django_db
def test_of_several_tags_all_are_carried(api, make_tagged):
    both = make_tagged("Django", "Redis")
    make_tagged("Django")

    assert found(api, "tag=django&tag=Redis") == {both.pk}
    assert found(api, "tag=Django&tag=Nobody%27s") == set()


@pytest.mark.django_db
def test_a_page_of_a_list_by_several_tags_leads_to_the_next(api, make_tagged):
    made = {make_tagged("Django", "Redis").pk for _ in range(51)}
    make_tagged("Django")

    first = api.get(f"{URL}?tag=django&tag=redis").json()
    second = api.get(first["next"]).json()

    assert {devlog["id"] for devlog in first["results"] + second["results"]} == made


@pytest.mark.django_db
def test_a_list_by_state_holds_what_is_shown_in_it(api, make_devlog):
    states = {state: make_devlog().pk for state in ("pending", "superseded", "running", "done", "failed")}
    claimed = {"state": "running", "run_after": None, "lease_expires_at": "2100-01-01T00:00Z", "claim_token": "0" * 32}
    Job.objects.filter(pk__in=[states["superseded"], states["running"]]).update(**claimed)
    Job.objects.filter(pk=states["running"]).update(started_at="2026-01-01T00:00Z")
    for state in ("done", "failed"):
        Job.objects.filter(pk=states[state]).update(state=state, run_after=None)

    shown = {state: found(api, f"state={state}") for state in ("pending", "running", "done", "failed")}

    assert shown == {
        "pending": {states["pending"], states["superseded"]},
        "running": {states["running"]},
        "done": {states["done"]},
        "failed": {states["failed"]},
    }


# -- Bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "method, path", [("POST", URL), ("PUT", f"{URL}{{}}/"), ("PATCH", f"{URL}{{}}/")], ids=["post", "put", "patch"]
)
def test_an_unknown_field_is_refused_by_its_name(api, make_devlog, method, path):
    devlog = make_devlog()

    response = api.generic(method, path.format(devlog.pk), '{"entry": "x", "mood": true}', "application/json")

    assert refused(response, "mood")
    assert DevLog.objects.get().entry == devlog.entry


@pytest.mark.django_db
def test_what_was_read_may_be_put_back_with_another_entry(api, make_tagged):
    devlog = make_tagged("Django")
    read = api.get(f"{URL}{devlog.pk}/").json()

    response = api.put(f"{URL}{devlog.pk}/", read | {"entry": "Cached it in Redis.", "tags": []})

    assert (response.status_code, response.json()["entry"]) == (200, "Cached it in Redis.")
    assert response.json()["created_at"] == read["created_at"]


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize(
    "field, value",
    [
        ("id", 0),
        ("author", "nobody"),
        *(("created_at", value) for value in ("2020-01-01T00:00:00Z", "2020-13-01T00:00:00Z", "then", None, 7)),
    ],
)
def test_an_edit_that_would_change_what_is_never_changed_is_refused(api, make_devlog, method, field, value):
    devlog = make_devlog()

    response = getattr(api, method)(f"{URL}{devlog.pk}/", {"entry": "Another.", field: value})

    assert refused(response, field)
    assert DevLog.objects.get().entry == devlog.entry


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["id", "author", "tagging", "tags"])
def test_a_new_dev_log_is_not_given_what_the_service_sets(api, field):
    response = api.post(URL, {"entry": FOUNDING, field: None})

    assert (response.status_code, response.json()["errors"]) == (400, {field: ["Set by the service."]})
    assert not DevLog.objects.exists()


@pytest.mark.django_db
def test_an_unknown_field_is_told_those_that_may_be_sent(api, make_devlog):
    fields = "entry, private, external_id, created_at"
    posted = api.post(URL, {"entry": FOUNDING, "mood": 1}).json()["errors"]
    patched = api.patch(f"{URL}{make_devlog().pk}/", {"mood": 1}).json()["errors"]

    assert posted == {"mood": [f"Unknown field. A new dev-log has: {fields}."]}
    assert patched == {"mood": ["Unknown field. A dev-log has: entry, private, external_id."]}


@pytest.mark.django_db
def test_a_new_dev_log_may_say_when_it_was_written(api):
    response = api.post(URL, {"entry": FOUNDING, "created_at": "2020-02-29T09:30:00.123456+01:00"})

    assert (response.status_code, response.json()["created_at"]) == (201, "2020-02-29T08:30:00.123456Z")
    assert api.get(f"{URL}{response.json()['id']}/").json()["created_at"] == response.json()["created_at"]


@pytest.mark.django_db
@pytest.mark.parametrize("at", ["2999-01-01T00:00:00Z", "yesterday", None])
def test_a_new_dev_log_is_not_written_in_the_future_nor_at_no_time(api, at):
    assert refused(api.post(URL, {"entry": FOUNDING, "created_at": at}), "created_at")
    assert not DevLog.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"{URL}{{}}/retag/", f"{URL}{{}}/tags/Django/"])
def test_a_body_where_none_is_taken_is_refused(api, make_tagged, path):
    devlog = make_tagged("Redis")
    method = api.put if "tags" in path else api.post

    assert refused(method(path.format(devlog.pk), {"bulk": True}), "bulk")
    assert refused(method(path.format(devlog.pk), ["bulk"]), "non_field_errors")
    assert (Job.objects.get().state, devlog.tags.count()) == ("done", 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body, reason",
    [
        (b"", "The body is empty"),
        (b"[]", "must be a JSON object"),
        (b'[{"entry": "x"}]', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'{"entry": "a", "entry": "b"}', "stands more than once: entry"),
        (b'{"a\\ud800": 1}', "surrogates not allowed"),
        (b'{"entry": Infinity}', "Infinity is no JSON value"),
        (b'{"entry": ' + b"1" * 5000 + b"}", "JSON parse error"),
        ('{"entry": "ä"}'.encode("latin-1"), "not UTF-8"),
        ('{"entry": "x"}'.encode("utf-16"), "not UTF-8"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_a_body_that_cannot_be_meant_is_refused_with_the_reason(api, body, reason):
    response = api.generic("POST", URL, body, content_type="application/json")

    assert refused(response)
    assert reason in response.json()["detail"]


@pytest.mark.django_db
def test_a_byte_order_mark_before_the_body_does_no_harm(api):
    response = api.generic("POST", URL, b"\xef\xbb\xbf" + ENTRY, content_type="application/json")

    assert (response.status_code, response.json()["entry"]) == (201, FOUNDING)


@pytest.mark.django_db
def test_a_compressed_body_is_refused_with_415_by_its_coding(api):
    headers = {"Content-Encoding": "gzip"}

    response = api.generic("POST", URL, gzip.compress(ENTRY), content_type="application/json", headers=headers)

    assert (response.status_code, response["Content-Type"]) == (415, PROBLEM)
    assert "gzip" in response.json()["detail"]


@pytest.mark.parametrize("charset", ["hex", "zlib", "utf-16", "idna", "nonsense"])
@pytest.mark.parametrize("kind", [Utf8WSGIRequest, Utf8ASGIRequest])
def test_a_charset_of_the_clients_choice_reads_no_address(kind, charset):
    content_type = f"application/json; charset={charset}"
    if kind is Utf8WSGIRequest:
        request = kind(RequestFactory().get("/?tag=%C3%A4").environ | {"CONTENT_TYPE": content_type})
    else:
        headers = [(b"content-type", content_type.encode())]
        scope = {"method": "GET", "path": "/", "query_string": b"tag=%C3%A4", "headers": headers}
        request = kind(scope, io.BytesIO())

    assert request.GET["tag"] == "ä"


# -- Bodies without a length -----------------------------------------------------------------------------------------


class Broken(io.BytesIO):
    def read(self, *args):
        raise RuntimeError("a chunk of no size")


def chunked(api, stream, **environ):
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"} | environ
    return api.generic("POST", URL, content_type="application/json", **environ)


@pytest.mark.django_db
def test_a_chunked_body_is_read(api):
    assert chunked(api, io.BytesIO(ENTRY)).json()["entry"] == FOUNDING


@pytest.mark.django_db
def test_a_chunked_body_that_is_empty_is_called_so(api):
    assert "The body is empty" in chunked(api, io.BytesIO()).json()["detail"]


@pytest.mark.django_db
def test_a_chunked_body_of_any_size_is_read_to_the_limit_alone(api):
    stream = io.BytesIO(b"x" * 10_000_000)

    response = chunked(api, stream)

    assert (response.status_code, stream.tell()) == (413, 256 * 1024 + 1)


@pytest.mark.django_db
def test_a_chunked_body_that_breaks_off_is_refused_with_400(api):
    assert "to its end" in chunked(api, Broken()).json()["detail"]


@pytest.mark.django_db
def test_a_server_that_reads_no_chunks_says_so_with_411(api):
    response = chunked(api, io.BytesIO(ENTRY), **{"wsgi.input_terminated": False})

    assert (response.status_code, response["Content-Type"]) == (411, PROBLEM)
    assert "Content-Length" in response.json()["detail"]


@pytest.mark.long
@pytest.mark.parametrize("name", SERVERS)
def test_every_server_takes_a_chunked_body_or_says_that_it_cannot(tmp_path, name):
    with Site(tmp_path, TAGGING_WORKER="off") as site:
        site.migrate()
        server = site.serve(name).wait_until_it_answers()
        # In one piece: who answers 411 may hang up before a second one comes.
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (ENTRY[:9], ENTRY[9:], b""))
        head = f"POST {URL}?bulk=true HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
        kind = "Content-Type: application/json; charset=hex\r\n\r\n"  # which is none of texts
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall((head + kind).encode() + chunks)
            answer = HTTPResponse(connection)
            answer.begin()
            answered = answer.status, json.loads(answer.read())

    if name.startswith(("runserver", "uwsgi", "wsgiref")):
        assert answered[0] == 411
    else:
        assert (answered[0], answered[1]["entry"]) == (201, FOUNDING)

"""The contract: what it names is what is taken and answered."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.urls import resolve

from devlog_project.api import schema
from devlog_project.api.problems import CONTENT_TYPE
from tagging.extraction.kinds import Kind

SCHEMA = "/api/v1/schema/"
JSON = {"Accept": "application/json"}


@pytest.fixture
def described(api):
    return api.get(SCHEMA, headers=JSON).json()["paths"]


@pytest.fixture
def nothing_generated():
    for cached in (schema.schema, schema.rendered):
        cached.cache_clear()


def operations(described):
    return [(path, method, operation) for path, methods in described.items() for method, operation in methods.items()]


def test_the_schema_describes_the_api(described):
    assert {"/api/v1/devlogs/", "/api/v1/devlogs/{id}/", "/api/v1/tags/"} <= set(described)


def test_eight_that_ask_at_once_get_the_same_which_is_generated_once(api, nothing_generated, monkeypatch):
    generated = []
    generate = schema.SchemaGenerator.get_schema

    def counted(*args, **kwargs):
        generated.append(1)
        return generate(*args, **kwargs)

    monkeypatch.setattr(schema.SchemaGenerator, "get_schema", counted)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: api.get(SCHEMA, headers=JSON if number % 2 else {}), range(16)))

    assert {answer.status_code for answer in answers} == {200}
    assert (len({answer.content for answer in answers}), len(generated)) == (2, 1)


def test_who_knows_the_schema_already_gets_304(api):
    first = api.get(SCHEMA)

    assert api.get(SCHEMA, headers={"If-None-Match": first["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    "query, accept, content_type",
    [
        ("", "*/*", "application/vnd.oai.openapi"),
        ("", "application/yaml", "application/yaml"),
        ("", "application/json", "application/json"),
        ("", "application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
        ("?format=json", "text/html,*/*", "application/vnd.oai.openapi+json"),
        ("?format=yaml", "application/json", "application/vnd.oai.openapi"),
    ],
)
def test_the_schema_comes_in_the_format_that_is_asked_for(api, query, accept, content_type):
    response = api.get(SCHEMA + query, headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (200, content_type)


def test_a_format_that_there_is_not_is_refused_in_json(api):
    response = api.get(f"{SCHEMA}?format=xml")

    assert (response.status_code, list(response.json()["errors"])) == (400, ["format"])


def test_the_schema_is_open_to_all_whoever_asks(settings, api):
    settings.API_OPEN = False

    assert api.get(SCHEMA, headers={"Authorization": "Token of-yesterday"}).status_code == 200


def test_it_names_the_parameters_that_are_known_and_no_other(described):
    named, known = {}, {}
    for path, method, operation in operations(described):
        view = resolve(re.sub(r"{\w+}", "1", path)).func
        action = getattr(view, "actions", {}).get(method, method)
        parameters = operation.get("parameters", [])
        named[path, method] = {each["name"] for each in parameters if each["in"] == "query"}
        known[path, method] = set(view.cls.parameters.get(action, ()))

    assert named == known


def test_it_says_which_parameter_may_be_repeated_and_what_a_state_may_be(described):
    parameters = {each["name"]: each["schema"] for each in described["/api/v1/devlogs/"]["get"]["parameters"]}

    assert (parameters["tag"]["type"], parameters["cursor"]["type"]) == ("array", "string")
    assert set(parameters["state"]["enum"]) == {"pending", "running", "done", "failed"}


def test_it_names_the_problems_of_every_operation(described):
    for path, method, operation in operations(described):
        problems = {
            status
            for status, response in operation["responses"].items()
            if CONTENT_TYPE in response.get("content", {})
        }
        assert {"400", "default"} <= problems, (path, method)
        assert "404" in problems or "{" not in path, (path, method)
        assert {"413", "415"} <= problems or "requestBody" not in operation, (path, method)


def test_it_names_why_a_tag_is_not_set(described):
    responses = described["/api/v1/devlogs/{id}/tags/{name}/"]["put"]["responses"]

    assert {"200", "201", "400", "401", "404", "409"} <= set(responses)
    assert "as many tags" in responses["409"]["description"]


def test_a_tag_always_has_a_kind_and_lists_take_one_that_there_is(api):
    described = api.get(SCHEMA, headers=JSON).json()
    (kind,) = (one for one in described["paths"]["/api/v1/tags/"]["get"]["parameters"] if one["name"] == "kind")

    for tag in ("Tag", "DevLogTag"):
        assert "kind" in described["components"]["schemas"][tag]["required"]
    assert set(kind["schema"]["enum"]) == set(Kind)


def test_a_slug_may_have_the_letters_of_any_script(api):
    schemas = api.get(SCHEMA, headers=JSON).json()["components"]["schemas"]

    assert {
        schema["properties"]["slug"].get("pattern")
        for schema in schemas.values()
        if "slug" in schema.get("properties", {})
    } == {None}

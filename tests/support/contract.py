"""A client that holds each answer against the contract."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from devlog_project.api import schema

V1 = "/api/v1/"
TOLD = (
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "Content-Disposition",
    "ETag",
    "Preference-Applied",
    "Idempotency-Replayed",
)
PARAMETER = re.compile(r"\\\{(\w+)\\\}")


class ContractClient(APIClient):
    """DRF's client, for which an answer that the contract does not describe is a failure."""

    def request(self, **kwargs: Any) -> Any:
        response = super().request(**kwargs)
        path = str(kwargs["PATH_INFO"])
        if path.startswith(V1):
            hold_to_contract(str(kwargs["REQUEST_METHOD"]).lower(), path, response)
        return response


def hold_to_contract(method: str, path: str, response: Any) -> None:
    """Raise AssertionError where this answer, of a known operation, is not as the contract says."""
    template = template_of(path)
    operation = contract()["paths"].get(template, {}).get(method)
    if operation is None or not response.resolver_match or response.streaming:
        return
    asked = f"{method} {template} {response.status_code}"
    known = operation["responses"]
    described = known.get(str(response.status_code))
    if described is None:
        assert response.status_code >= 500, f"{asked}: the contract does not name this status."
        described = known["default"]
    # A 304 has the headers of the answer that it stands for.
    headers = known["200"] if response.status_code == 304 else described
    untold = {name for name in TOLD if response.has_header(name)} - headers.get("headers", {}).keys()
    if response.status_code >= 300:
        untold.discard("ETag")  # of the very bytes, by Django; a 304 has that of the 200
    assert not untold, f"{asked}: the contract does not name {untold}."
    content_type = response.get("Content-Type", "").partition(";")[0]
    content = described.get("content", {})
    if not response.content:
        return
    assert content_type in content, f"{asked}: {content_type} is none of {list(content)}."
    if content_type.endswith("json"):
        errors = validator(template, method, response.status_code, content_type).iter_errors(
            json.loads(response.content)
        )
        for error in errors:
            raise AssertionError(f"{asked}: {error.json_path}: {error.message}")


@cache
def contract() -> dict[str, Any]:
    return json.loads(json.dumps(schema.schema(), default=str))


@cache
def validator(template: str, method: str, status: int, content_type: str) -> Draft202012Validator:
    known = contract()["paths"][template][method]["responses"]
    described = known.get(str(status), known["default"])["content"][content_type]["schema"]
    return Draft202012Validator({**described, "components": contract()["components"]})


@cache
def templates() -> list[tuple[re.Pattern[str], str]]:
    """Return a pattern for each path of the contract, those with the fewest parameters first."""
    paths = sorted(contract()["paths"], key=lambda path: (path.count("{"), path))
    return [(re.compile(PARAMETER.sub(in_path, re.escape(path))), path) for path in paths]


def in_path(parameter: re.Match[str]) -> str:
    return ".+" if parameter[1] == "name" else "[^/]+"  # a tag's name may have a slash


def template_of(path: str) -> str | None:
    return next((template for pattern, template in templates() if pattern.fullmatch(path)), None)

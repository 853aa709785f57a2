"""What is mended in the contract after it was generated: hooks of drf-spectacular."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SCHEMAS = "#/components/schemas/"


def null_as_type(result: dict[str, Any], **kwargs: object) -> dict[str, Any]:
    """Say null as OpenAPI 3.1 does, by a type, also where the libraries still write `nullable`."""
    for node in list(nodes(result)):
        if node.pop("nullable", False):
            if isinstance(node.get("type"), str):
                node["type"] = [node["type"], "null"]
            else:
                what = {name: node.pop(name) for name in ("$ref", "allOf") if name in node}
                node["oneOf"] = [what, {"type": "null"}]
    return result


def used_schemas_only(result: dict[str, Any], **kwargs: object) -> dict[str, Any]:
    """Leave out the schemas that nothing refers to, such as those of bodies that nobody sends."""
    schemas = result["components"]["schemas"]
    used: set[str] = set()
    found = set(referred(result["paths"]))
    while found:
        used |= found
        found = {name for each in found for name in referred(schemas[each])} - used
    result["components"]["schemas"] = {name: schema for name, schema in schemas.items() if name in used}
    return result


def referred(tree: object) -> Iterator[str]:
    """Yield the names of the schemas that a part of the contract refers to."""
    for node in nodes(tree):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(SCHEMAS):
            yield reference.removeprefix(SCHEMAS)


def nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Yield all objects in a part of the contract, itself included."""
    if isinstance(tree, dict):
        yield tree
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for part in parts:
        yield from nodes(part)

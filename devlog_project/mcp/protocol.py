"""MCP over HTTP: tools by django-mcpz, and beside them resources and prompts, which that library does not know."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.log import log_response
from django_mcpz.headers import decode_header_value
from django_mcpz.legacy import is_legacy_request
from django_mcpz.server import HEADER_MISMATCH, META_SERVER_INFO, MCPServer, ToolError

from devlog_project.api.problems import answer
from devlog_project.mcp import offers

logger = logging.getLogger(__name__)

INVALID_PARAMS, METHOD_NOT_FOUND, INTERNAL_ERROR, PARSE_ERROR = -32602, -32601, -32603, -32700
ANNOUNCING = ("initialize", "server/discover")
# By which parameter a method names what it wants, which the revision 2026-07-28 has repeated in a header.
NAMED_BY = {"resources/read": "uri", "prompts/get": "name"}
NOT_POST = "MCP is spoken by POST, at this address; a browser finds nothing here."


class Server(MCPServer):
    """All that the library answers, and what it does not know."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return not_a_post(request)
        try:
            response: HttpResponse = super().__call__(request)  # Origin, who asks, headers, versions
        except RecursionError:  # in this way msgspec gives up on deep nesting
            return failed(None, PARSE_ERROR, "Nested too deeply", 400)
        if response.status_code not in (200, 404):
            return response
        message = msgspec.json.decode(request.body)
        method = message["method"]
        if method not in ANNOUNCING and method not in offers.METHODS:
            return response
        said = msgspec.json.decode(response.content)
        if method in ANNOUNCING and "result" in said:
            said["result"]["capabilities"] |= offers.CAPABILITIES
            return JsonResponse(said)
        if method in offers.METHODS and said.get("error", {}).get("code") == METHOD_NOT_FOUND:
            return self.offer(request, message["id"], method, message.get("params") or {})
        return response

    def offer(self, request: HttpRequest, number: str | int, method: str, params: dict[str, Any]) -> HttpResponse:
        """Answer a method of ours."""
        if name := NAMED_BY.get(method):
            if not isinstance(params.get(name), str):
                return failed(number, INVALID_PARAMS, f"Missing parameter: {name!r}")
            if not (is_legacy_request(request) or is_named(request, params[name])):
                return failed(number, HEADER_MISMATCH, f"The Mcp-Name header must repeat the {name}", 400)
        try:
            result = offers.METHODS[method](request, params)
        except offers.NoSuchError as error:
            return failed(number, INVALID_PARAMS, str(error))
        except ToolError as error:
            return failed(number, INTERNAL_ERROR, str(error))
        except Exception:  # a bug of ours, as the library answers it of a tool
            logger.exception("Method %r raised an exception", method)
            return failed(number, INTERNAL_ERROR, f"{method!r} failed unexpectedly.")
        whole = {"resultType": "complete", **result, "_meta": {META_SERVER_INFO: self.server_info_for(request)}}
        return JsonResponse({"jsonrpc": "2.0", "id": number, "result": whole})


def not_a_post(request: HttpRequest) -> HttpResponse:
    response = answer(405, NOT_POST)
    response["Allow"] = "POST"
    # Clients of 2025 ask for a stream with each connection, and are to be told this: it is nothing to be warned of.
    log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request, level="info")
    return response


def is_named(request: HttpRequest, value: str) -> bool:
    try:
        return decode_header_value(request.headers.get("Mcp-Name", "")) == value
    except ValueError:
        return False


def failed(number: str | int | None, code: int, text: str, status: int = 200) -> HttpResponse:
    return JsonResponse({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}, status=status)

"""What an agent sends: messages of MCP, in both revisions, by Django's client."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.test import Client

URL = "/mcp"
NEW, OLD = "2026-07-28", "2025-11-25"
META = {
    "io.modelcontextprotocol/protocolVersion": NEW,
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Agent:
    """A client of one revision, with a token or without."""

    def __init__(self, token: str = "", revision: str = NEW, **environ: Any) -> None:
        self.revision = revision
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = Client(raise_request_exception=False, **environ)

    def send(self, method: str, params: dict[str, Any] | None = None, **headers: str) -> HttpResponse:
        params = dict(params or {})
        known = {"MCP-Protocol-Version": self.revision, "Accept": "application/json, text/event-stream"}
        if self.revision == NEW:
            params["_meta"] = META
            known["Mcp-Method"] = method
            if name := params.get("name") or params.get("uri"):
                known["Mcp-Name"] = str(name)
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.client.post(URL, message, "application/json", headers=self.headers | known | headers)

    def asked(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the result of a method; what is no result is a failure."""
        answer = self.send(method, params).json()
        assert "result" in answer, answer
        return answer["result"]

    def refused(self, method: str, **params: Any) -> tuple[int, str]:
        """Return code and words of the error that a method is answered with."""
        error = self.send(method, params).json()["error"]
        return error["code"], error["message"]

    def call(self, tool: str, **arguments: Any) -> Any:
        """Return what a tool answers: its structure or, where it has none, its text."""
        result = self.asked("tools/call", name=tool, arguments=arguments)
        assert not result["isError"], result
        return result.get("structuredContent", result["content"][0]["text"])

    def told(self, tool: str, **arguments: Any) -> str:
        """Return what a tool that refuses tells the model."""
        result = self.asked("tools/call", name=tool, arguments=arguments)
        assert result["isError"], result
        return result["content"][0]["text"]

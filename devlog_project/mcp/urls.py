"""Where MCP is spoken, with and without a slash at the end: few clients send a message again after a redirect."""

from django.urls import path

from devlog_project.mcp import reading, writing  # noqa: F401  # to import them puts their tools on the server
from devlog_project.mcp.server import server

urlpatterns = [path("mcp", server, name="mcp"), path("mcp/", server)]

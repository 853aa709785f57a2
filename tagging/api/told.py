"""What is told of an error: to staff all that is known of it, to an author what it means for their dev-log."""

from __future__ import annotations

from rest_framework.request import Request

from devlog_project.api.access import sees_all
from tagging.looks.told import for_authors


def error_told(code: str, detail: str, request: Request | None) -> dict[str, str] | None:
    """Return an error as it is told to who asks; None for no code. Where nobody is known to ask, as to an author."""
    if not code:
        return None
    return {"code": code, "detail": detail if request and sees_all(request) else for_authors(code)}

"""The caller's own stack as text, for a tool and for resources alike."""

from __future__ import annotations

from django.http import HttpRequest

from devlog_project.mcp.inner import ask


def stack_text(request: HttpRequest, chosen: str | None, form: str = "prompt") -> str:
    """Return the stack of a range in one of the formats that leave out a name which could be a sentence."""
    return ask(request, "GET", "techstack/", query={"range": chosen, "format": form, **own(request)}).text


def own(request: HttpRequest) -> dict[str, object]:
    """Return the parameter that leaves out what others wrote, which staff may read; nobody's is all there is."""
    return {"author": request.user.get_username()} if request.user.is_authenticated else {}

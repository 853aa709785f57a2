"""The tools that write: a dev-log, and a person's word on its tags."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django_mcpz.server import ToolError
from msgspec import Meta, Struct

from devlog_project.mcp.inner import WAIT, ask
from devlog_project.mcp.server import server
from devlog_project.mcp.shapes import Logged, LogId, Tagged, names, state
from devlogs.models import ENTRY_MAX_LENGTH


class LogWork(Struct):
    entry: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=ENTRY_MAX_LENGTH,
            description="What was done, in one to five plain sentences of any language, which name the technologies "
            "used. It is stored exactly as sent. Leave out secrets, and what only you thought.",
        ),
    ]
    private: Annotated[
        bool,
        Meta(
            description="true: the text never leaves the machine of this service, whatever model it is set to; only "
            "its author sees it. false, or left out: as the author has set for new dev-logs, which may be private "
            "too; to make one public against that setting is not for a tool. The result says which it became."
        ),
    ] = False


@server.tool(
    title="Log work",
    description="Save what was done as a dev-log: one finished piece of work each, in the words of the user or of "
    "yours. Waits up to ten seconds and returns the technologies found in it. Each call saves one more dev-log, also "
    "with the same words: if you do not know whether an earlier call came through, look with search_logs before you "
    "repeat it.",
    read_only=False,
    destructive=False,
    idempotent=False,
    open_world=False,
)
def log_work(request: HttpRequest, params: LogWork) -> Logged:
    body = {"entry": params.entry} | ({"private": True} if params.private else {})  # False is the author's to choose
    devlog = ask(request, "POST", "devlogs/", body=body, prefer=WAIT).json
    return Logged(devlog["id"], devlog["private"], state(devlog), names(devlog), note(devlog))


def note(devlog: dict[str, Any]) -> str:
    """Say of a dev-log without tags what became of them."""
    number, tagging = devlog["id"], devlog["tagging"] or {}
    if state(devlog) in ("pending", "running"):
        reason = f" (it waits: {tagging['waiting_for']})" if tagging.get("waiting_for") else ""
        return (
            f"It is saved; its tags take longer{reason}. Look later with show_log(id={number}). Do not log it again."
        )
    if state(devlog) == "failed":
        error = tagging.get("error") or {}
        return f"It is saved, but could not be tagged: {error.get('detail', '')} set_tag sets tags by hand."
    return "" if devlog["tags"] else "It is saved; it names no technology."


class OneTag(Struct):
    id: LogId
    name: Annotated[
        str, Meta(min_length=1, max_length=100, description="The technology's name, as Kubernetes, or an alias: k8s.")
    ]


@server.tool(
    title="Set a tag",
    description="Say that a dev-log is about a technology, where the tags that were found lack it. It counts as set "
    "by a person and outlives any later tagging, so do it only when the user asks for it or it is surely right.",
    read_only=False,
    destructive=False,
    idempotent=True,
    open_world=False,
)
def set_tag(request: HttpRequest, params: OneTag) -> Tagged:
    answer = ask(request, "PUT", address(params))
    done = "The tag was set." if answer.status == 201 else "The dev-log carried it already; it counts as set now."
    return Tagged(params.id, answer.json["name"], done)


@server.tool(
    title="Remove a tag",
    description="Take a tag off a dev-log where it is wrong. No later tagging brings it back; set_tag does.",
    read_only=False,
    destructive=True,
    idempotent=True,
    open_world=False,
)
def remove_tag(request: HttpRequest, params: OneTag) -> Tagged:
    ask(request, "DELETE", address(params))
    return Tagged(params.id, params.name, "The tag was taken off.")


def address(params: OneTag) -> str:
    name = " ".join(params.name.split())
    if not name:
        raise ToolError("name: A tag's name has a letter or a digit at least.")
    return f"devlogs/{params.id}/tags/{name}/"

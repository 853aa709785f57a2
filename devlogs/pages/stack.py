"""One's tech stack, drawn and in figures, and to take along: as a prompt, as Markdown, as a JSON Resume."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from devlogs.models import DevLog
from devlogs.pages.access import mine, open_or_login
from devlogs.pages.stack_figures import TRENDS, bars_of, calendar_of, left_out, lines_of, of_kind, rows_of
from devlogs.pages.stack_form import RANGES, StackForm, today
from tagging.looks.drawing import figure
from tagging.stack.answer import MOST, WRITERS, Wish
from tagging.stack.figures import Stack, stack_of
from tagging.stack.formats import CONTENT_TYPES, Format

FILES = {Format.MARKDOWN: "tech-stack.md", Format.JSONRESUME: "resume.json"}
# The API's usual number is for a machine's prompt; here a person copies once.
PROMPT_TOKENS = 1_000


@require_safe
@open_or_login
def stack(request: HttpRequest) -> HttpResponse:
    form = StackForm(request.GET)
    if not form.is_valid():
        return refused(request, form)
    devlogs = mine(DevLog.objects.all(), request)
    shown = stack_for(request, form)
    asked = form.asked()
    context = {
        "form": form,
        "stack": shown,
        "devlogs": figure(shown.devlogs),
        "rows": rows_of(shown),
        "trends": TRENDS.values(),
        "left_out": left_out(shown),
        "bars": bars_of(shown),
        "lines": lines_of(devlogs, shown),
        "calendar": calendar_of(devlogs, today()),
        "prompt": written(shown, form, Format.PROMPT),
        "query": urlencode(asked),
        "is_all_time": asked.get("range") == "all",
        "ranges": ranges(form),
    }
    return render(request, "pages/stack.html", context)


@require_safe
@open_or_login
def download(request: HttpRequest, name: str) -> HttpResponse:
    """Send the stack that the page shows as a file."""
    form = StackForm(request.GET)
    if not form.is_valid():
        return refused(request, form)
    wanted = Format(name)
    content = written(stack_for(request, form), form, wanted)
    headers = {"Content-Disposition": f'attachment; filename="{FILES[wanted]}"'}
    return HttpResponse(content, content_type=CONTENT_TYPES[wanted], headers=headers)


def stack_for(request: HttpRequest, form: StackForm) -> Stack:
    return of_kind(stack_of(mine(DevLog.objects.all(), request), form.period, MOST), form.chosen_kind)


def written(shown: Stack, form: StackForm, wanted: Format) -> str:
    max_tokens = PROMPT_TOKENS if wanted == Format.PROMPT else None
    return WRITERS[wanted](shown, Wish(form.period, wanted, max_tokens=max_tokens))


def refused(request: HttpRequest, form: StackForm) -> HttpResponse:
    """Show the form with what is wrong, and no figures: they would be of another time than was asked for."""
    return render(request, "pages/stack.html", {"form": form, "ranges": ranges(form)}, status=400)


def ranges(form: StackForm) -> list[tuple[str, str, bool]]:
    """Return for each range its address, its name, and whether it is the one that is shown."""
    kind = {"kind": form.chosen_kind} if form.chosen_kind else {}
    chosen = form.chosen_range if form.is_valid() else ""
    return [(urlencode({"range": value, **kind}), str(name), value == chosen) for value, name in RANGES]


urls = [
    path("stack/", stack, name="stack"),
    path("stack/download/markdown/", download, {"name": Format.MARKDOWN}, name="stack-markdown"),
    path("stack/download/jsonresume/", download, {"name": Format.JSONRESUME}, name="stack-jsonresume"),
]

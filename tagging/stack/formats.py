"""A stack as JSON, as Markdown for a README or a CV, as the skills of a JSON Resume, and as text before a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from tagging.extraction.names import clean
from tagging.stack.figures import Grouping, Stack, Technology
from tagging.stack.sayable import with_names_alone

MAX_QUOTE = 200
OTHER = "other"
MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]<>|~$&])")


class Format(StrEnum):
    JSON = "json"
    MARKDOWN = "markdown"
    PROMPT = "prompt"
    JSONRESUME = "jsonresume"


CONTENT_TYPES = {
    Format.JSON: "application/json",
    Format.MARKDOWN: "text/markdown; charset=utf-8",
    Format.PROMPT: "text/plain; charset=utf-8",
    Format.JSONRESUME: "application/json",
}
# How each groups unless it is told, and what else it may be told.
GROUPINGS = {
    Format.JSON: (Grouping.NONE, Grouping.KIND, Grouping.WEEK),
    Format.MARKDOWN: (Grouping.KIND, Grouping.WEEK, Grouping.NONE),
    Format.PROMPT: (Grouping.NONE, Grouping.KIND),
    Format.JSONRESUME: (Grouping.KIND, Grouping.NONE),
}
WITH_EVIDENCE = (Format.JSON, Format.MARKDOWN)


def by_kind(technologies: Sequence[Technology]) -> dict[str, list[Technology]]:
    """Return the technologies by kind, the kind of the most used one first, and last those of none."""
    found: dict[str, list[Technology]] = {}
    for technology in sorted(technologies, key=lambda technology: not technology.kind):
        found.setdefault(technology.kind or OTHER, []).append(technology)
    return found


# -- JSON ----------------------------------------------------------------------------------------------------------


def as_json(stack: Stack, grouping: Grouping) -> dict[str, Any]:
    technologies = [shown(technology) for technology in stack.technologies]
    return {
        "since": str(stack.period.since),
        "until": str(stack.period.until),
        "devlogs": stack.devlogs,
        "pending": stack.pending,
        "failed": stack.failed,
        "technologies": technologies,
        "left_out": stack.left_out,
        "groups": [
            {"name": name, "technologies": [{"slug": slug, "devlogs": count} for slug, count in counts.items()]}
            for name, counts in groups(stack, grouping).items()
        ],
    }


def shown(technology: Technology) -> dict[str, Any]:
    fields = {**vars(technology), "first_used": str(technology.first_used), "last_used": str(technology.last_used)}
    del fields["finders"]  # for people; here the source stands for them
    if quote := technology.evidence:
        fields["evidence"] = {**vars(quote), "date": str(quote.date)}
    return fields


def groups(stack: Stack, grouping: Grouping) -> Mapping[str, Mapping[str, int]]:
    """Return by the name of a group the slugs in it, each with its number of dev-logs."""
    if grouping == Grouping.KIND:
        kinds = by_kind(stack.technologies).items()
        return {kind: {each.slug: each.devlogs for each in technologies} for kind, technologies in kinds}
    return {f"{monday:%G-W%V}": counts for monday, counts in stack.weeks.items()}


def as_resume(stack: Stack, grouping: Grouping) -> dict[str, Any]:
    """Return a JSON Resume that has only skills: a kind with its technologies, or each technology."""
    stack = with_names_alone(stack)
    if grouping == Grouping.NONE:
        skills = [{"name": each.name, "keywords": [each.kind] if each.kind else []} for each in stack.technologies]
    else:
        skills = [
            {"name": title(kind), "keywords": [each.name for each in technologies]}
            for kind, technologies in by_kind(stack.technologies).items()
        ]
    return {"skills": skills}


# -- Markdown ------------------------------------------------------------------------------------------------------


def as_markdown(stack: Stack, grouping: Grouping) -> str:
    return "".join(f"{line}\n" for line in markdown_lines(stack, grouping))


def markdown_lines(stack: Stack, grouping: Grouping) -> Iterator[str]:
    stack = with_names_alone(stack)
    yield "## Tech stack"
    yield ""
    yield heading(stack)
    if grouping == Grouping.WEEK:
        names = {technology.slug: technology.name for technology in stack.technologies}
        for week, counts in groups(stack, grouping).items():
            yield from ("", f"### {week}", "")
            yield from (f"- **{escaped(names[slug])}**: {count}" for slug, count in counts.items())
    kinds = by_kind(stack.technologies) if grouping == Grouping.KIND else {"": stack.technologies}
    for kind, technologies in kinds.items() if grouping != Grouping.WEEK else ():
        yield from ("", f"### {title(kind)}", "") if kind else ("",)
        for technology in technologies:
            yield f"- **{escaped(technology.name)}**: {figures(technology)}"
            if quote := technology.evidence:
                yield f"  - {quote.date}: “{escaped(clean(quote.quote, MAX_QUOTE))}”"
    if stack.left_out:
        yield from ("", f"Left out: {stack.left_out} more.")


def escaped(text: str) -> str:
    """Return the text so that Markdown shows it as it is, within a line."""
    return MARKDOWN_SIGNS.sub(r"\\\1", text)


def title(kind: str) -> str:
    return {"ai": "AI", "os-hardware": "Systems and hardware", "devops": "DevOps"}.get(
        kind, kind.replace("-", " and ").capitalize()
    )


def heading(stack: Stack) -> str:
    """Say of what the figures are: only names and numbers of ours."""
    counts = [f"{stack.devlogs} dev-log{'' if stack.devlogs == 1 else 's'}"]
    counts += [f"{stack.pending} still pending"] if stack.pending else []
    counts += [f"{stack.failed} failed"] if stack.failed else []
    return f"{stack.period.since} to {stack.period.until} (UTC): {', '.join(counts)}."


def figures(technology: Technology) -> str:
    first, last = f"{technology.first_used:%Y-%m}", f"{technology.last_used:%Y-%m}"
    months = first if first == last else f"{first} to {last}"
    return f"{round(technology.share) or '<1'} %, {months}"

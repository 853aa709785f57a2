"""What a stack is asked for by, at the API and by the command alike, and the bytes that both answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from devlogs.models import DevLog
from tagging.stack.figures import Grouping, Stack, stack_of
from tagging.stack.formats import CONTENT_TYPES, GROUPINGS, WITH_EVIDENCE, Format, as_json, as_markdown, as_resume
from tagging.stack.period import Period
from tagging.stack.prompt import USUAL_TOKENS, as_prompt

USUAL_LIMIT, MOST = 100, 500


class MisplacedError(Exception):
    """Two parameters do not go together; `parameter` is the one to leave out."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class Wish(NamedTuple):
    """What is asked for."""

    period: Period
    format: Format = Format.JSON
    group_by: Grouping | None = None
    limit: int = USUAL_LIMIT
    max_tokens: int | None = None
    evidence: bool = False

    @property
    def grouping(self) -> Grouping:
        return self.group_by or GROUPINGS[self.format][0]

    def check(self) -> None:
        """Raise MisplacedError for what this format does not have."""
        if self.grouping not in GROUPINGS[self.format]:
            allowed = ", ".join(sorted(GROUPINGS[self.format]))
            raise MisplacedError("group_by", f"The format {self.format} is grouped by: {allowed}.")
        if self.evidence and self.format not in WITH_EVIDENCE:
            raise MisplacedError(
                "evidence", f"The format {self.format} holds no quotes: {' or '.join(WITH_EVIDENCE)}."
            )
        if self.max_tokens is not None and self.format != Format.PROMPT:
            raise MisplacedError("max_tokens", f"Only the format {Format.PROMPT} is measured in tokens.")


def answer(devlogs: QuerySet[DevLog], wish: Wish, reader: AbstractBaseUser | None) -> tuple[bytes, str]:
    """Return the stack of these dev-logs as it is wished for, and its content type."""
    stack = stack_of(
        devlogs,
        wish.period,
        wish.limit,
        by_week=wish.grouping == Grouping.WEEK,
        with_quotes=wish.evidence,
        reader=reader,
    )
    return WRITERS[wish.format](stack, wish).encode(), CONTENT_TYPES[wish.format]


def dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


WRITERS: dict[Format, Callable[[Stack, Wish], str]] = {
    Format.JSON: lambda stack, wish: dumped(as_json(stack, wish.grouping)),
    Format.MARKDOWN: lambda stack, wish: as_markdown(stack, wish.grouping),
    Format.PROMPT: lambda stack, wish: as_prompt(stack, wish.grouping, wish.max_tokens or USUAL_TOKENS),
    Format.JSONRESUME: lambda stack, wish: dumped(as_resume(stack, wish.grouping)),
}

"""What calls cost in tokens: as the server tells it, and estimated where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tagging.extraction.base import ExtractionError

CHARACTERS_PER_TOKEN = 2
"""At least so many on average, in German as in code: tokens counted by it are an upper bound."""
UNBOUNDED_ANSWER_TOKENS = 2000
"""Of an answer that the request does not bound: fifty technologies, each with its evidence in 40 tokens."""
MAX_TOKENS = 10**9


def tokens_in(characters: int) -> int:
    """Return how many tokens so many characters are at most, in all likelihood; never none."""
    return max(1, characters // CHARACTERS_PER_TOKEN)


@dataclass(slots=True)
class UsedTokens:
    """What the calls for one entry, or for several together, have cost so far."""

    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, told: object, *, input_estimate: int = 0, output_estimate: int = 0) -> None:
        """Add one call: as its answer's `usage` tells it, or else by these estimates.

        A number that is no positive whole one is as good as none: no call reads nothing, and few answer nothing.
        """
        self.input_tokens += _count(told, "prompt_tokens") or input_estimate
        self.output_tokens += _count(told, "completion_tokens") or output_estimate

    @contextmanager
    def told_by_errors(self, redacted: Mapping[str, int] | None = None) -> Iterator[None]:
        """Have an error tell what was paid all the same, and how many secrets were kept back."""
        try:
            yield
        except ExtractionError as error:
            error.input_tokens, error.output_tokens = self.input_tokens, self.output_tokens
            error.redacted = dict(redacted or {})
            raise


def _count(told: object, name: str) -> int:
    value = told.get(name) if isinstance(told, dict) else None
    return value if type(value) is int and 0 < value <= MAX_TOKENS else 0

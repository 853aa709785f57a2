"""A stack as text to put before a further prompt: short, and nothing in it speaks to the model that reads it.

It holds names and figures alone, and only such names as cannot be a sentence. How many tokens a text has depends on
the model; the rule here is a token for every two bytes of UTF-8, begun ones counted. Words take half as many, but
figures and rare names do not: such lines came to 2.0 to 2.4 bytes a token of o200k_base.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from tagging.stack.figures import Grouping, Stack, Technology
from tagging.stack.formats import by_kind, figures, heading
from tagging.stack.sayable import with_names_alone

BYTES_PER_TOKEN = 2
# The least holds the first line and the last one, whatever their numbers.
LEAST_TOKENS, USUAL_TOKENS, MOST_TOKENS = 100, 200, 100_000


def tokens(text: str) -> int:
    """Return how many tokens a text counts as."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def as_prompt(stack: Stack, grouping: Grouping, max_tokens: int) -> str:
    """Return as many of the lines as these tokens hold, the most used first; the last says how many it leaves out."""
    stack = with_names_alone(stack)
    shown, hidden = stack.technologies, stack.left_out

    def first(count: int) -> str:
        return "".join(f"{line}\n" for line in lines(stack, shown[:count], grouping, hidden + len(shown) - count))

    if tokens(first(len(shown))) <= max_tokens:  # with all of them, it may need no last line
        return first(len(shown))
    too_many = bisect_right(range(len(shown)), max_tokens, key=lambda count: tokens(first(count)))
    return first(max(too_many - 1, 0))


def lines(stack: Stack, technologies: Sequence[Technology], grouping: Grouping, hidden: int) -> Iterator[str]:
    yield f"Tech stack, {heading(stack)}"
    if grouping == Grouping.KIND:
        for kind, its in by_kind(technologies).items():
            yield f"{kind}:"
            yield from (f"{technology.name} {figures(technology)}" for technology in its)
    else:
        for technology in technologies:
            kind = f" ({technology.kind})" if technology.kind else ""
            yield f"{technology.name}{kind} {figures(technology)}"
    if hidden:
        yield f"Left out: {hidden} more."

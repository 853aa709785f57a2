"""What a search for secrets gives: where each stands in the folded text, and its kind."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A secret's place, and the plain word for what it is."""

    start: int
    end: int
    kind: str

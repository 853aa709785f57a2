"""What a reader finds in a file."""

from __future__ import annotations

from typing import NamedTuple


class UnreadableError(Exception):
    """Nothing can be read from this file; the message says why, and what could be."""


class Found(NamedTuple):
    """A dev-log as it was written somewhere, unchecked; or what is wrong with what stands there."""

    place: str
    values: dict[str, object]
    wrong: str = ""

"""Types of command arguments, which say in a sentence what is wrong."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import datetime

from django.utils.timezone import is_naive, make_aware


def at_least(lowest: int) -> Callable[[str], int]:
    """Return a type for whole numbers from `lowest` on."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < lowest:
            raise ArgumentTypeError(f"{text!r} is not a number from {lowest} on.")
        return int(text)

    return number


positive = at_least(1)


def between(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a type for whole numbers from `lowest` to `highest`."""

    def number(text: str) -> int:
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise ArgumentTypeError(f"{text!r} is not a number from {lowest} to {highest}.")
        return int(text)

    return number


def share(text: str) -> float:
    """Return the number if it is from 0 to 1."""
    try:
        if 0 <= (value := float(text)) <= 1:
            return value
    except ValueError:
        pass
    raise ArgumentTypeError(f"{text!r} is not a number from 0 to 1.")


def moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date: write 2026-01-31 or 2026-01-31T09:30.") from error
    return make_aware(at) if is_naive(at) else at

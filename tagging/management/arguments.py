"""Types of command arguments, which say in a sentence what is wrong."""

from argparse import ArgumentTypeError
from collections.abc import Callable


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

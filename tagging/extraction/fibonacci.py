"""The work of a simulated job: a Fibonacci number modulo something, and the entry that asks for it.

The entry is all that a job carries to its extractor. So both numbers stand in it, and a job already taken does not
change when the setting does. No Django here: the extractor that imports this runs without it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_N = 10**9
PREFIX = "fibonacci "

_ENTRY = re.compile(PREFIX + r"([0-9]{1,10}) mod ([0-9]{1,18})")


class Task(NamedTuple):
    n: int
    mod: int

    @property
    def entry(self) -> str:
        return f"{PREFIX}{self.n} mod {self.mod}"


def task_in(entry: str) -> Task | None:
    """Return what an entry asks for; None for what a developer wrote, and for numbers out of range."""
    match = _ENTRY.fullmatch(entry)
    task = Task(int(match[1]), int(match[2])) if match else None
    return task if task and task.n <= MAX_N and task.mod >= 1 else None


def fibonacci(n: int, mod: int) -> int:
    """Return F(n) modulo `mod` by fast doubling: a step for each bit of n, and numbers that never outgrow mod²."""
    a, b = 0, 1  # F(k) and F(k + 1), where k is what has been read of n's bits
    for bit in f"{n:b}":
        a, b = a * (2 * b - a) % mod, (a * a + b * b) % mod
        if bit == "1":
            a, b = b, (a + b) % mod
    return a

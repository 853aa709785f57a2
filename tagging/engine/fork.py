"""Forks: a child has its parent's memory, but not its threads, and must not hold its locks."""

from __future__ import annotations

import os
from collections.abc import Callable

from tagging.extraction import load_once


def on_fork(begin_anew: Callable[[], None]) -> None:
    """Have this called in every forked child, where the platform tells of forks (uWSGI does not)."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=begin_anew)


def process_id() -> int:
    return os.getpid()


class Birthplace:
    """Remember the process in which something was made; after a fork its threads are not here."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    @property
    def is_here(self) -> bool:
        return self._pid == os.getpid()


# It runs without Django too, in a Lambda, and so cannot know of this module.
on_fork(load_once.begin_anew)

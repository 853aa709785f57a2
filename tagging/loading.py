"""What is loaded once and stays: the garbage collector need not look at it, neither now nor later."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def for_good() -> Iterator[None]:
    """Load, in this block, something that stays.

    Collections meanwhile would find nothing and take a fifth of the time; and later each full one would walk through
    all of it while no request moves: 80 ms every two seconds of load, with the SDK.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def once(load: Callable[[], T]) -> Callable[[], T]:
    """Have a function load what it returns once per process, and for good.

    `functools.cache` would have each of the threads that are the first to ask, 64 slots say, load all of it.
    """
    lock = threading.Lock()
    loaded: list[T] = []

    @wraps(load)
    def load_once() -> T:
        if not loaded:
            with lock:
                if not loaded:
                    with for_good():
                        loaded.append(load())
        return loaded[0]

    return load_once

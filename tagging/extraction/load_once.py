"""What is loaded once and stays: by one thread, and out of the garbage collector's way."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TypeVar

T = TypeVar("T")

# One for all: the collector that loading switches off is the whole process's.
_lock = threading.RLock()
_is_collector_off = False


def begin_anew() -> None:
    """Begin anew in a forked child: the thread that was loading is not there to let go of either."""
    global _lock, _is_collector_off
    _lock = threading.RLock()
    if _is_collector_off:
        _is_collector_off = False
        gc.enable()


@contextmanager
def frozen_import() -> Iterator[None]:
    """Load, in this block, something that stays.

    Collections meanwhile would find next to nothing and take a fifth of the time; and later each full one would walk
    through all of it while no request moves: 80 ms every two seconds of load, with the SDK.
    """
    global _is_collector_off
    with _lock:
        if not gc.isenabled():  # by our caller, or by the block around this one
            yield
            return
        _is_collector_off = True
        gc.disable()
        try:
            yield
            gc.freeze()
        finally:
            gc.enable()
            _is_collector_off = False


def load_once(load: Callable[[], T]) -> Callable[[], T]:
    """Have a function load what it returns once per process, and keep it.

    `functools.cache` would have each of the threads that are the first to ask load all of it.
    """
    loaded: list[T] = []

    @wraps(load)
    def loaded_once() -> T:
        if not loaded:
            with _lock:
                if not loaded:
                    with frozen_import():
                        loaded.append(load())
        return loaded[0]

    return loaded_once

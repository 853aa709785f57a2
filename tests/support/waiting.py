"""Waiting for what happens elsewhere, without a sleep in a test."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection

# Generous: a noisy machine is slow, and yet far below the lease of 120 seconds that a lost job would wait for.
DEADLINE_SECONDS = 20.0

Value = TypeVar("Value")


def eventually(condition: Callable[[], Value], what: str, seconds: float = DEADLINE_SECONDS) -> Value:
    """Return the condition's first true value; fail, saying what did not happen, when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {seconds:g} s: {what}")
        time.sleep(0.02)
    return value


def begun(work: Callable[[], Value]) -> Future[Value]:
    """Begin work in a thread, with a connection of its own that ends with it."""

    def run() -> Value:
        try:
            return work()
        finally:
            connection.close()

    pool = ThreadPoolExecutor(1)
    future = pool.submit(run)
    pool.shutdown(wait=False)
    return future


def at_once(count: int, work: Callable[[], Value], threads: int = 8) -> list[Value]:
    """Do work so many times, in so many threads with connections of their own; return what each came to."""

    def run(_: int) -> Value:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(count)))


def beside(work: Callable[[], Any]) -> Callable[[], Any]:
    """Begin work in a thread, as another process would, and go on when it waits for us; return its `result`.

    On SQLite nobody can see it wait; there it may also begin after our transaction, which must lead to the same.
    """
    future = begun(work)
    if connection.vendor == "postgresql":
        eventually(lambda: future.done() or is_somebody_waiting(), "the other waits for our lock")
    return lambda: future.result(timeout=30)


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else it shows who was there at the first look
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity "
            "WHERE datname = current_database() AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        return cursor.fetchone()[0]

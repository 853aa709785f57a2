"""Whether a text may be sent once more: it may have been withdrawn while the first call for it ran."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Per thread of calls, and none of an extractor's arguments: few extractors send a text twice.
_may_send: ContextVar[Callable[[], bool]] = ContextVar("may_send")


@contextmanager
def asking(may_send: Callable[[], bool]) -> Iterator[None]:
    """Have `may_send_again` ask this, for the call that is made within."""
    token = _may_send.set(may_send)
    try:
        yield
    finally:
        _may_send.reset(token)


def may_send_again() -> bool:
    """Whether the text of this call may be sent once more; yes where nobody is to be asked."""
    ask = _may_send.get(None)
    return ask is None or ask()

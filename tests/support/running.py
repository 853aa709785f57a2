"""The engine in a test's own thread."""

from tagging.engine.attempting import configured_extractor
from tagging.engine.engine import Engine
from tagging.engine.mailbox import Mailbox
from tagging.extraction.base import Extractor


def engine_for(extractor: Extractor | None = None) -> Engine:
    """Return an engine with this extractor, or with the one in the settings; close it."""
    return Engine(extractor or configured_extractor(), Mailbox(), until_empty=True)


def drain(engine: Engine) -> None:
    """Run all jobs that are due here and now, and return when none is left or the provider asks to wait."""
    while True:
        engine.step()
        if engine.is_finished:
            return
        engine.wait()

"""Extractors for tests: one that follows a script, one that waits behind a gate.

Servers import this too; so it needs nothing but the standard library and the extractors' interface.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from tagging.extraction.base import ErrorCode, Extraction, ExtractionError, Extractor, Technology


class Scripted(Extractor):
    """An extractor that answers from a script, one step a call: names, or an exception to raise.

    A canary is answered, so that what fails is an entry's own fault; or it meets an outage: the exception given.
    """

    name = "scripted"
    model = "model-1"

    def __init__(self, *steps, outage=None):
        self.steps = list(steps)
        self.outage = outage
        self.entries = []
        self.canaries = 0

    def extract(self, entry, *, safety_identifier=""):
        if entry == self.canary:
            self.canaries += 1
            if self.outage:
                raise self.outage
            return Extraction([Technology("Django")], input_tokens=7, output_tokens=3)
        self.entries.append(entry)
        step = self.steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        return Extraction([Technology(name) for name in step], input_tokens=7, output_tokens=3)


class Paid(Scripted):
    """One whose answers cost money."""

    name = "paid"
    is_paid = True
    prompt_version = 1


class PaidAnew(Paid):
    """The same under a newer prompt."""

    prompt_version = 2


class Quoting(Extractor):
    """One with a bug, whose error says the whole entry and follows from another that does."""

    name = model = "quoting"

    def extract(self, entry: str, *, safety_identifier: str = "") -> Extraction:
        try:
            raise KeyError(entry)
        except KeyError as cause:
            raise ValueError(f"cannot read {entry}") from cause


def error(code=ErrorCode.TIMEOUT, **kwargs):
    """Return a failure that costs an attempt, unless its code or its fields say otherwise."""
    return ExtractionError(code, "The model did not answer in time.", **kwargs)


class GatedExtractor(Extractor):
    """The embedded extractor behind a gate, with a ledger: an entry `behind gate x` is not answered until x is open.

    So a test holds calls in flight as long as it needs, without a clock, and reads who called when. And an entry that
    says `Kill the process` does.
    """

    name = model = "gated"

    def __init__(self, ledger: str, gates: str) -> None:
        from tagging.extraction.embedded.extractor import EmbeddedExtractor  # slow import

        self._ledger = ledger
        self._gates = Path(gates)
        self._extractor = EmbeddedExtractor()

    @classmethod
    def from_settings(cls, settings: Any) -> GatedExtractor:
        return cls(os.environ["LEDGER"], os.environ["GATES"])

    def extract(self, entry: str, *, safety_identifier: str = "") -> Extraction:
        self._note("begin", entry)
        if gate := re.search(r"behind gate (\w+)", entry):
            while not (self._gates / gate[1]).exists():
                time.sleep(0.02)
        if entry.startswith("Kill the process"):
            os.kill(os.getpid(), signal.SIGKILL)
        extraction = self._extractor.extract(entry)
        self._note("end", entry)
        return extraction

    def _note(self, what: str, entry: str) -> None:
        line = json.dumps({"what": what, "pid": os.getpid(), "entry": entry}) + "\n"
        file = os.open(self._ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with closing(os.fdopen(file, "wb", buffering=0)) as ledger:  # one write, so lines never mix
            ledger.write(line.encode())

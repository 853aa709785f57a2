"""Which files of the product take part in what happens, in all threads."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from tests.support.servers import ROOT

PRODUCT = tuple(f"{ROOT / folder}/" for folder in ("devlog_project", "devlogs", "tagging"))


@contextmanager
def files_entered() -> Iterator[set[str]]:
    """Collect the product's files of which a function is called, in this thread and in those that start meanwhile."""
    entered: set[str] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_name != "<module>" and code.co_filename.startswith(PRODUCT):
            entered.add(code.co_filename.removeprefix(f"{ROOT}/"))

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield entered
    finally:
        sys.setprofile(before)
        threading.setprofile(before)

"""A program at a terminal, as a person has it before them: a pseudo-terminal that can be typed at and read."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from tests.support.waiting import DEADLINE_SECONDS

CTRL_C = "\x03"
CTRL_D = "\x04"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# The program leads a session of its own, so that Ctrl-C reaches it and its children alone.
LEAD = "import os, sys; os.login_tty(os.dup(0)); os.execv(sys.argv[1], sys.argv[1:])"


class Terminal:
    """A program that runs at a terminal of its own, standard error and all; it is killed at the end."""

    def __init__(self, command: list[str], cwd: Path, environment: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", LEAD, *command],
                cwd=cwd,
                env=environment,
                stdin=slave,
                stdout=slave,
                stderr=slave,
            )
        finally:
            os.close(slave)
        self._seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def screen(self) -> str:
        """Return all that was shown so far, with lines that end as elsewhere."""
        return self._seen.decode(errors="replace").replace("\r\n", "\n")

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait_for(self, text: str) -> str:
        """Wait until this is shown; return all that was shown so far."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while text not in self.screen:
            assert self._read(deadline), f"{text!r} is not shown, but {self.screen!r}"
        return self.screen

    def wait_for_end(self) -> int:
        """Read until the program ends; return its exit code."""
        deadline = time.monotonic() + 3 * DEADLINE_SECONDS
        while self._read(deadline):
            pass
        return self._process.wait(timeout=DEADLINE_SECONDS)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise AssertionError(f"Nothing more was shown in time after {self.screen!r}")
        try:
            more = os.read(self._master, 65536)
        except OSError:  # Linux says so of a terminal at which nobody is any more
            return False
        self._seen += more
        return bool(more)

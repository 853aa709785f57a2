"""The name under which a process claims jobs, from which others of its host can tell whether it still runs."""

from __future__ import annotations

import os
import re
import secrets
import socket
import uuid
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from tagging.engine.fork import process_id

# Host, place, when it began, its id, and what tells two owners in one process apart. Names of before had no place.
NAME = re.compile(
    r"(?P<host>.+?)(?:-(?P<place>[0-9a-f]{8})-(?P<began>\d{1,18}))?-(?P<pid>\d{1,7})-[0-9a-f]{8}", re.ASCII
)


def new_name() -> str:
    pid = process_id()
    return f"{socket.gethostname()}-{place()}-{_began(pid) or 0}-{pid}-{secrets.token_hex(4)}"


def has_ended(name: str, *, at_start: bool) -> bool:
    """Say whether the process of this name, whose lock cannot be found, has ended.

    Where its process ids are ours, the system knows. Elsewhere on a host of our name it was an earlier life of this
    container or machine, which ended before we started; or a namesake, whose jobs must not be taken again and again.
    So that is believed once.

    at_start: whether this process has taken no jobs back so far.
    """
    owner = NAME.fullmatch(name)
    if not owner or owner["host"] != socket.gethostname():
        return False
    if owner["place"] != place():
        return at_start
    began = _began(int(owner["pid"]))
    # Zero is unknown. Another time is that of another process, which was given the id of one that has ended.
    return began is None or 0 != began != int(owner["began"]) != 0


@cache
def place() -> str:
    """Return what all processes share whose ids mean the same: one boot of one machine, or of a container in it."""
    seen = boot()
    with suppress(OSError):  # not on Linux
        seen += str(Path("/proc/self/ns/pid").readlink())
    return sha256(seen.encode()).hexdigest()[:8]


@cache
def boot() -> str:
    """Return what all processes share that run in this boot of this machine, be it in containers."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:  # not on Linux
        return str(uuid.getnode())


def _began(pid: int) -> int | None:
    """Return when this process began, in ticks since the boot; 0 where that is not told, None if it has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:  # another user's
        pass
    try:
        state, *more = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return None if state in "ZX" else int(more[18])

"""What the system says of processes: whose child each is, and who holds a lock."""

from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows: there no worker holds a lock
    fcntl = None


def parents() -> dict[int, int]:
    """Return the parent of each process on this machine that is not yet dead."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent, *_ = path.read_text(errors="replace").rpartition(")")[2].split()
            if state != "Z":
                found[int(path.parent.name)] = int(parent)
    return found


def is_tracker(pid: int) -> bool:
    """Say whether this is the process that multiprocessing keeps beside those it spawns, to tidy up after them."""
    with suppress(OSError):
        return b"multiprocessing.resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def is_locked(path: Path) -> bool:
    """Say whether a process holds this lock; asked for a shared one, so that those who ask do not see each other."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False

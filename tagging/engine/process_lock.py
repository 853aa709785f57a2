"""Proof that a worker's process is dead: each holds an operating-system lock that only its end releases.

The lock is a file in a directory that the processes of one host share. A process that can lock the file of another
knows that its owner is gone, and takes its jobs back at once. Where the file cannot be seen (another host, another
container) nothing is proven, and the job's lease decides.
"""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from weakref import WeakSet

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tagging.engine.fork import on_fork, process_id

try:
    import fcntl
except ImportError:  # not on Windows: there the lease decides alone
    fcntl = None  # type: ignore[assignment]


def directory() -> Path:
    """Return the directory of the lock files, one for each database and user, made where it is missing."""
    if settings.TAGGING_LOCK_DIR:
        path = Path(settings.TAGGING_LOCK_DIR)
    else:
        database = sha256(repr(database_identity()).encode()).hexdigest()[:12]
        path = Path(tempfile.gettempdir()) / f"devlog-{os.getuid() if fcntl else 'user'}-{database}"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if fcntl and path.stat().st_uid != os.getuid():
        raise ImproperlyConfigured(f"{path} belongs to another user; set TAGGING_LOCK_DIR to a directory of your own.")
    return path


def database_identity() -> list[str]:
    database = settings.DATABASES["default"]
    return [str(database.get(key, "")) for key in ("ENGINE", "NAME", "HOST", "PORT")]


class Owner:
    """The name under which jobs are claimed, and the lock that proves its process alive until `close` or its end."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}-{process_id()}-{secrets.token_hex(4)}"
        self._path: Path | None = None
        if fcntl:
            self._path = directory() / f"{self.name}.lock"
            # Locked under another name first, so that the file is never seen without its lock.
            draft = self._path.with_suffix(".draft")
            self._file = os.open(draft, os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            draft.rename(self._path)
            _owners.add(self)

    def close(self) -> None:
        """Remove the lock with its file: nothing is left to take back."""
        if self._path:
            self._path.unlink(missing_ok=True)
            self.drop_lock()

    def drop_lock(self) -> None:
        """Let the lock go but leave the file, as the end of the process would: others take the jobs back."""
        if self._path:
            os.close(self._file)
            self._path = None


_owners: WeakSet[Owner] = WeakSet()


def _drop_locks_of_parent() -> None:
    """Let go, in a forked child, of the locks it shares: with them its dead parent would seem alive."""
    for owner in _owners:
        owner.drop_lock()


on_fork(_drop_locks_of_parent)


@contextmanager
def dead_owners() -> Iterator[list[str]]:
    """Lend the names of this host's dead workers; forget them when the block, which took their jobs, succeeds."""
    dead: list[tuple[Path, int]] = []
    try:
        for path in directory().glob("*.lock") if fcntl else ():
            file = _lock(path)
            if file is not None:
                dead.append((path, file))
        yield [path.stem for path, _ in dead]
        for path, _ in dead:
            path.unlink(missing_ok=True)
    finally:
        for _, file in dead:
            os.close(file)


def _lock(path: Path) -> int | None:
    """Return the open file once locked, or None when its owner lives or it is gone."""
    try:
        file = os.open(path, os.O_RDWR)
    except (FileNotFoundError, PermissionError):  # another user's proves nothing
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file

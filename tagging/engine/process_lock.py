"""Proof that a worker's process is dead: each holds an operating-system lock that only its end releases.

The lock is a file in a directory that the processes of one host share. A process that can lock the file of another
knows that its owner is gone, and takes its jobs back at once. Where the file is missing, because the directory went
with its container or a cleaner came by, the owner's name tells as much (see owner_name). Where neither tells anything,
as of another host's, the job's lease decides.
"""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from weakref import WeakSet

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tagging.engine import owner_name
from tagging.engine.fork import on_fork, process_id

try:
    import fcntl
except ImportError:  # not on Windows: there the lease decides alone
    fcntl = None  # type: ignore[assignment]


def directory_path() -> Path:
    """Return where the directory of the lock files is, or would be: one for each database and user."""
    shared = Path(settings.TAGGING_LOCK_DIR or tempfile.gettempdir())
    database = sha256(repr(database_identity()).encode()).hexdigest()[:12]
    return shared / f"devlog-{os.getuid() if fcntl else 'user'}-{database}"


def directory() -> Path:
    """Return the directory of the lock files, made where it is missing."""
    path = directory_path()
    with _told(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_ours(path):
        raise ImproperlyConfigured(f"{path} belongs to another user; set TAGGING_LOCK_DIR to a directory of your own.")
    return path


def _is_ours(path: Path) -> bool:
    with _told(path):
        found = path.lstat()
    return not fcntl or (stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid())


def lock_of(name: str) -> Path:
    return directory() / f"{name}.lock"


def bell_of(lock: Path) -> Path:
    """Return where the owner of this lock is told of jobs; by a short name, as a socket's address has to be."""
    return lock.with_name(f"{'-'.join(lock.stem.rsplit('-', 2)[-2:])}.bell")


def bells_of_others() -> set[Path]:
    """Return where the owners of the other locks here are told of jobs; nothing is made where there are none."""
    path = directory_path()
    if not path.exists() or not _is_ours(path):
        return set()
    ours = {owner.name for owner in _owners}
    locks = [lock for lock in path.iterdir() if lock.suffix == ".lock"]  # as glob would hide that it cannot look
    return {bell_of(lock) for lock in locks if lock.stem not in ours}


def database_identity() -> list[str]:
    database = settings.DATABASES["default"]
    name = str(database.get("NAME", ""))
    if database.get("ENGINE", "").endswith("sqlite"):
        name = str(Path(name).resolve())
    return [database.get("ENGINE", ""), name, *(str(database.get(key, "")) for key in ("HOST", "PORT"))]


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Name the setting where locks cannot be kept in its directory."""
    try:
        yield
    except OSError as error:
        reason = f"No lock can be kept in {path} ({error.strerror})"
        raise ImproperlyConfigured(f"{reason}; set TAGGING_LOCK_DIR to a directory of your own.") from error


class Owner:
    """The name under which jobs are claimed, and the lock that proves its process alive until `close` or its end."""

    def __init__(self) -> None:
        self.host, self.pid = socket.gethostname(), process_id()
        self.name = owner_name.new_name()
        self._file: int | None = None
        if fcntl:
            self._path = lock_of(self.name)
            self._file = self._locked_file()
            _owners.add(self)

    def keep_lock(self) -> None:
        """Make the lock file anew if something has removed it, as cleaners of /tmp do."""
        if self._file is not None and not self._is_in_place(self._file):
            directory()
            fallen, self._file = self._file, self._locked_file()
            os.close(fallen)

    def close(self) -> None:
        """Remove the lock with its file: nothing is left to take back."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self.drop_lock()

    def drop_lock(self) -> None:
        """Let the lock go but leave the file, as the end of the process would: others take the jobs back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _locked_file(self) -> int:
        # Locked under another name first, so that the file is never seen without its lock.
        draft = self._path.with_suffix(".draft")
        with _told(self._path.parent):
            file = os.open(draft, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            os.write(file, _mark(self.name))
            fcntl.flock(file, fcntl.LOCK_EX)
            draft.rename(self._path)
        return file

    def _is_in_place(self, file: int) -> bool:
        try:
            return os.path.samestat(self._path.lstat(), os.fstat(file))
        except FileNotFoundError:
            return False


_owners: WeakSet[Owner] = WeakSet()


def _drop_locks_of_parent() -> None:
    """Let go, in a forked child, of the locks it shares: with them its dead parent would seem alive."""
    for owner in _owners:
        owner.drop_lock()
    _owners.clear()


on_fork(_drop_locks_of_parent)


@contextmanager
def dead_owners(holders: Collection[str] = (), *, at_start: bool = False, forgets: bool = True) -> Iterator[list[str]]:
    """Lend the names of dead workers; forget them when the block, which took their jobs, succeeds.

    holders: who has claimed jobs; of these also those are dead whose lock is missing and whose process has ended.
    at_start: whether this process has taken no jobs back so far. forgets: False for a block that only looks.
    """
    fallen: list[tuple[Path, int]] = []
    missing: list[str] = []
    try:
        if fcntl:
            paths = {path.stem: path for path in directory().glob("*.lock") if owner_name.NAME.fullmatch(path.stem)}
            fallen = [(path, file) for path in paths.values() if (file := _lock(path)) is not None]
            missing = [name for name in {*holders} - {*paths} if owner_name.has_ended(name, at_start=at_start)]
        yield [path.stem for path, _ in fallen] + missing
        for path, _ in fallen if forgets else ():
            bell_of(path).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
    finally:
        for _, file in fallen:
            os.close(file)


def _lock(path: Path) -> int | None:
    """Return the open file once locked; None when its owner lives, it is gone, or it is none of ours."""
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # another user's proves nothing
        return None
    try:
        if stat.S_ISREG(os.fstat(file).st_mode) and os.read(file, 1000) == _mark(path.stem):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
    except OSError:
        pass
    os.close(file)
    return None


def _mark(name: str) -> bytes:
    """Return what a lock file holds: what only looks like one by its name is left alone."""
    return f"devlog worker {name}\n".encode()

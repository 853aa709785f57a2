"""How a process of this host tells the workers of others that there are jobs: a socket beside the lock of each.

A datagram says nothing but that it is worth to look, so nothing of it is read. It may be lost, doubled or late, and
where there can be no such socket the sweep finds all.
"""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tagging.engine import process_lock
from tagging.engine.fork import Birthplace
from tagging.engine.guard import ErrorLog, GuardedThread, SafeError
from tagging.engine.mailbox import SOME_JOB, Mailbox

logger = logging.getLogger(__name__)

HAS_SOCKETS = hasattr(socket, "AF_UNIX")  # not on Windows
# The least that a system takes for a socket's address, with the zero at its end.
MAX_ADDRESS = 103
# How often a worker looks whether its doorbell is still there, and the others which doorbells there are, in seconds.
KEEP_SECONDS = LOOK_SECONDS = 1.0
# So many others are told at once. Where there are more they are drawn anew with each look.
MOST_OTHERS = 16
# Room for a few datagrams that a worker has not read.
UNREAD_BYTES = 4096


class NoDoorbellError(SafeError):
    """There can be no doorbell."""


class Doorbell(GuardedThread):
    """Has a worker look for jobs when another process has some.

    While the worker could begin nothing it is not read: the few datagrams that it holds then stay there, others are
    refused to their senders at once.
    """

    max_rest_seconds = 30.0

    def __init__(self, owner_name: str, mailbox: Mailbox) -> None:
        what = "Being told of other processes' jobs (they are picked up by the sweep)"
        super().__init__("tagging-doorbell", ErrorLog(logger, what))
        self._owner_name, self._mailbox = owner_name, mailbox
        self._path: Path | None = None
        self._socket: socket.socket | None = None
        self._identity = (0, 0)

    def step(self) -> None:
        bell = self._bell()
        if self._mailbox.hears_jobs.wait(KEEP_SECONDS):
            with suppress(TimeoutError):
                bell.recv(1)
                self._mailbox.notify(SOME_JOB)

    def wake(self) -> None:
        if self._path:
            with suppress(OSError), closing(sender_to(self._path)) as sender:
                sender.send(b"!")

    def close(self) -> None:
        if self._path and self._is_in_place(self._path):
            self._path.unlink(missing_ok=True)
        self._take_down()

    def _bell(self) -> socket.socket:
        """Return the socket, made anew where something has removed it, as cleaners of /tmp do."""
        if self._socket and self._path and self._is_in_place(self._path):
            return self._socket
        self._take_down()
        self._path = process_lock.bell_of(process_lock.lock_of(self._owner_name))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(KEEP_SECONDS)
        try:
            self._path.unlink(missing_ok=True)
            with address_of(self._path) as address:
                self._socket.bind(address)
            self._identity = identity(self._path)
        except OSError as error:
            raise NoDoorbellError(f"no socket can be at {self._path} ({error.strerror or error})") from error
        return self._socket

    def _is_in_place(self, path: Path) -> bool:
        with suppress(OSError):
            return identity(path) == self._identity
        return False

    def _take_down(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None


@contextmanager
def answering(owner_name: str, mailbox: Mailbox) -> Iterator[None]:
    """Let other processes of this host put hints into this owner's mailbox, as long as the context lasts."""
    if not HAS_SOCKETS:
        yield
        return
    doorbell = Doorbell(owner_name, mailbox)
    doorbell.start()
    try:
        yield
    finally:
        doorbell.stop(KEEP_SECONDS)


class Neighbours:
    """The workers of the other processes of this host."""

    def __init__(self) -> None:
        self.birthplace = Birthplace()
        self._senders: dict[Path, socket.socket] = {}
        self._gone: set[Path] = set()
        self._let_go: list[socket.socket] = []
        self._look_at = 0.0
        self._looking = threading.Lock()

    def notify(self) -> None:
        """Have them look for jobs; takes microseconds, waits for nobody, and may be lost."""
        if not HAS_SOCKETS:
            return
        if time.monotonic() >= self._look_at:
            with self._looking:
                if time.monotonic() >= self._look_at:
                    with suppress(OSError):  # as with no descriptor left; those known are told all the same
                        self._look()
        for path, sender in self._senders.items():
            try:
                sender.send(b"!")
            except BlockingIOError:  # what it has not read yet has it look at all that is due
                pass
            except OSError:
                self._gone.add(path)

    def close(self) -> None:
        """Let go of all; a later notification looks anew."""
        with self._looking:
            for sender in (*self._senders.values(), *self._let_go):
                sender.close()
            self._senders, self._let_go, self._look_at = {}, [], 0.0

    def _look(self) -> None:
        """Find out who is there."""
        there = process_lock.bells_of_others()
        if len(there) > MOST_OTHERS:
            there = set(random.sample(sorted(there), MOST_OTHERS))
        senders = {path: sender for path, sender in self._senders.items() if path in there - self._gone}
        # Closed a look later: another thread may be about to send, and the number may be given to another file.
        for sender in self._let_go:
            sender.close()
        self._let_go = [sender for path, sender in self._senders.items() if path not in senders]
        for path in there - senders.keys():
            with suppress(OSError):
                senders[path] = sender_to(path)
        self._senders, self._gone = senders, set()
        self._look_at = time.monotonic() + LOOK_SECONDS


def sender_to(path: Path) -> socket.socket:
    """Return a socket that sends to this one; each has its own, which what one worker leaves unread may fill."""
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sender.setblocking(False)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES)
        with address_of(path) as address:
            sender.connect(address)
    except OSError:
        sender.close()
        raise
    return sender


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """Lend an address of this path that is short enough for a socket; raises OSError where there is none."""
    if len(os.fsencode(path)) <= MAX_ADDRESS:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino

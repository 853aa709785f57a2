"""The default transport: whom it tells, and what becomes of it in a forked child."""

import atexit
import os

import pytest

from tagging.engine import process_lock
from tagging.transports import postgresql
from tagging.transports.memory import MemoryTransport
from tagging.transports.postgresql import vicinity


class OfTheParent(postgresql.Announcer):
    """One whose locks a thread of the parent held in the moment of the fork."""

    def wake(self) -> None:
        raise RuntimeError("would wait for ever")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="about forks")
def test_a_forked_child_leaves_what_tells_others_to_its_parent(monkeypatch):
    monkeypatch.setattr(postgresql, "Announcer", OfTheParent)
    transport = MemoryTransport()
    atexit.unregister(transport.stop)
    child = os.fork()
    if not child:
        try:
            transport.stop()
        except BaseException:
            os._exit(1)
        os._exit(0)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_one_directory_is_a_vicinity_whatever_its_path_and_host_and_two_of_one_path_are_not(
    settings, tmp_path, monkeypatch
):
    settings.TAGGING_LOCK_DIR = str(tmp_path / "volume")
    process_lock.directory()
    first = vicinity()

    (tmp_path / "mounted").symlink_to(tmp_path / "volume")
    settings.TAGGING_LOCK_DIR = str(tmp_path / "mounted")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("socket.gethostname", lambda: "another-container")
        assert vicinity() == first

    settings.TAGGING_LOCK_DIR = str(tmp_path / "volume")
    (tmp_path / "volume").rename(tmp_path / "private")
    process_lock.directory()
    assert vicinity() != first


def test_who_has_no_directory_is_in_nobody_s_vicinity():
    assert vicinity() != vicinity()


def test_where_there_are_no_doorbells_each_process_is_its_own_vicinity(monkeypatch):
    process_lock.directory()
    one = vicinity()
    monkeypatch.setattr("tagging.transports.postgresql.HAS_SOCKETS", False)
    assert vicinity() not in (one, "")
    assert vicinity() == vicinity()

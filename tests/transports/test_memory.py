"""The default transport: whom it tells, and what becomes of it in a forked child."""

import os

import pytest

from tagging.engine import process_lock
from tagging.transports.memory import MemoryTransport
from tagging.transports.postgresql import vicinity
from tests.support.waiting import eventually


@pytest.mark.skipif(not hasattr(os, "fork"), reason="about forks")
def test_a_forked_child_ends_though_its_parent_was_just_telling_others():
    transport = MemoryTransport()
    with transport._announcer._mailbox._hints.mutex:  # as held by the parent's thread
        child = os.fork()
        if not child:
            transport.stop()
            os._exit(0)

    try:
        eventually(lambda: os.waitpid(child, os.WNOHANG)[0], "the child's end")
    except BaseException:
        os.kill(child, 9)
        raise


def test_two_directories_of_one_path_are_no_vicinity_but_one_of_two_paths_and_hosts_is(settings, tmp_path, monkeypatch):
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

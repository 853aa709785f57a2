"""How a worker is told of jobs by other processes of its host: seen from both ends of the socket."""

import os
import resource
import select
import shutil
import socket
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from tagging.engine import process_lock
from tagging.engine.doorbell import Neighbours, answering, sender_to
from tagging.engine.mailbox import Mailbox
from tagging.engine.process_lock import Owner, bell_of, dead_owners, lock_of
from tests.support.servers import PYTHON, ROOT
from tests.support.waiting import DEADLINE_SECONDS, eventually

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs sockets of UNIX")

# A worker that says its name and then, line by line, that it was told; without room it hears of nothing until it gets
# a line.
WORKER = """
import sys
import django
from django.conf import settings
django.setup()
settings.TAGGING_LOCK_DIR = {lock_dir!r}
settings.DATABASES["default"]["NAME"] = {database!r}  # which is that of the tests once one has needed it
from tagging.engine.doorbell import answering
from tagging.engine.mailbox import Mailbox
from tagging.engine.process_lock import Owner, bell_of, lock_of
owner, mailbox = Owner(), Mailbox()
if not {has_room}:
    mailbox.hears_jobs.clear()
with answering(owner.name, mailbox):
    while not bell_of(lock_of(owner.name)).exists():
        mailbox.wait(0.01)
    print(owner.name, flush=True)
    if not {has_room}:
        sys.stdin.readline()
        mailbox.hears_jobs.set()
    while True:
        if mailbox.wait(60).job_ids:
            print("told", flush=True)
"""


@contextmanager
def worker(*, has_room=True):
    """Run a process with a worker's ears, and lend it with its owner's name."""
    script = WORKER.format(
        lock_dir=django_settings.TAGGING_LOCK_DIR,
        database=str(django_settings.DATABASES["default"]["NAME"]),
        has_room=has_room,
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        [PYTHON, "-c", script], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        try:
            yield started, started.stdout.readline().strip()
        finally:
            started.kill()


@pytest.fixture
def neighbours():
    with closing(Neighbours()) as made:
        yield made


@pytest.fixture
def owner():
    made = Owner()
    yield made
    made.close()


def bell(owner):
    return bell_of(lock_of(owner.name))


def tell(owner):
    with closing(sender_to(bell(owner))) as sender:
        sender.send(b"!")


def test_workers_of_other_processes_are_told(neighbours):
    with worker() as (one, _), worker() as (other, _):
        neighbours.notify()

        assert [one.stdout.readline(), other.stdout.readline()] == ["told\n", "told\n"]


def test_a_worker_of_ones_own_process_is_not_told(owner, neighbours):
    mailbox = Mailbox()
    with answering(owner.name, mailbox):
        eventually(bell(owner).exists, "its socket")
        neighbours.notify()

        with worker() as (other, _):
            neighbours.close()
            neighbours.notify()
            assert other.stdout.readline() == "told\n"
        assert mailbox.wait(0).job_ids == set()


def test_one_that_has_no_room_keeps_nobody_waiting_and_is_told_when_it_has(neighbours):
    with worker(has_room=False) as (full, _), worker() as (idle, _):
        for _ in range(1000):
            neighbours.notify()
        assert idle.stdout.readline() == "told\n"

        print("room", file=full.stdin, flush=True)
        assert full.stdout.readline() == "told\n"


def test_what_one_leaves_unread_keeps_nothing_from_another(neighbours):
    with worker(has_room=False):
        for _ in range(1000):
            neighbours.notify()
        with worker() as (late, _):

            def is_told():
                neighbours.notify()
                return bool(late.stdout.readline()) if has_line(late) else False

            assert eventually(is_told, "the other told")


def has_line(process):
    return bool(select.select([process.stdout], [], [], 0)[0])


def test_a_killed_worker_harms_nobody_and_its_socket_goes_with_its_lock(neighbours):
    with worker() as (killed, name):
        neighbours.notify()
        killed.kill()
        killed.wait(timeout=30)
        left = bell_of(lock_of(name))
        assert left.is_socket()

        neighbours.notify()
        with dead_owners() as dead:
            assert dead == [name]

    assert not left.exists()


def test_one_that_ends_removes_its_socket(owner):
    with answering(owner.name, Mailbox()):
        eventually(bell(owner).exists, "its socket")

    assert not bell(owner).exists()


def test_a_socket_that_was_removed_with_its_directory_is_made_anew(owner, settings):
    mailbox = Mailbox()
    with answering(owner.name, mailbox):
        eventually(bell(owner).exists, "its socket")
        shutil.rmtree(settings.TAGGING_LOCK_DIR)
        eventually(bell(owner).exists, "a new one")

        tell(owner)

        assert mailbox.wait(DEADLINE_SECONDS).job_ids


def test_a_datagram_is_a_hint_whatever_it_says(owner):
    mailbox = Mailbox()
    with answering(owner.name, mailbox):
        eventually(bell(owner).exists, "its socket")
        with closing(sender_to(bell(owner))) as stranger:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200_000)
            for said in (b"", b"\xff" * 60_000, b"17 18; DROP TABLE"):
                stranger.send(said)
                assert len(mailbox.wait(DEADLINE_SECONDS).job_ids) == 1


def test_a_path_longer_than_an_address_may_be_is_no_matter(neighbours, settings, tmp_path):
    settings.TAGGING_LOCK_DIR = str(tmp_path / ("deep" * 30))
    with worker() as (other, _):
        neighbours.notify()

        assert other.stdout.readline() == "told\n"


def test_where_no_socket_can_be_it_is_said_once_without_a_traceback(owner, caplog):
    bell(owner).mkdir()
    with answering(owner.name, Mailbox()):
        eventually(lambda: caplog.records, "a line in the log")

    (line,) = caplog.messages
    assert "Being told of other processes' jobs (they are picked up by the sweep) failed" in line
    assert "at\n" not in line


def test_who_looks_for_others_makes_no_directory(neighbours):
    neighbours.notify()

    assert not process_lock.directory_path().exists()


@contextmanager
def no_descriptor_left():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_who_can_open_no_file_for_its_look_tells_those_it_knows(neighbours, monkeypatch):
    monkeypatch.setattr("tagging.engine.doorbell.LOOK_SECONDS", 0)
    with worker() as (other, _):
        neighbours.notify()
        assert other.stdout.readline() == "told\n"

        with no_descriptor_left():
            neighbours.notify()

        assert other.stdout.readline() == "told\n"


def test_nobody_is_told_in_a_directory_of_another_user(settings, tmp_path, monkeypatch):
    with worker() as (_, name):
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        (Path(settings.TAGGING_LOCK_DIR) / process_lock.directory_path().name).symlink_to(tmp_path)

        assert process_lock.bells_of_others() == set()
    assert name

"""The lock that proves a process alive, seen from outside."""

import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from tagging.engine import owner_name, process_lock
from tagging.engine.process_lock import Owner, dead_owners
from tests.support.processes import is_locked
from tests.support.servers import PYTHON, ROOT

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")

# A process that locks, may fork and end; who is left says the owner's name and lives until its input ends.
PROCESS = """
import os, sys
import django
from django.conf import settings
django.setup()
settings.TAGGING_LOCK_DIR = {lock_dir!r}
settings.DATABASES["default"]["NAME"] = {database!r}  # which is that of the tests once one has needed it
from tagging.engine.process_lock import Owner
owner = Owner()
if {forks} and os.fork():
    os._exit(0)
print(owner.name, flush=True)
sys.stdin.read()
"""


@contextmanager
def process(lock_dir, *, forks=False):
    """Run a process with a lock, and lend it with the name that it locked."""
    database = django_settings.DATABASES["default"]["NAME"]
    script = PROCESS.format(lock_dir=str(lock_dir), database=str(database), forks=forks)
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        [PYTHON, "-c", script], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        yield started, started.stdout.readline().strip()
        started.kill()


def dead(*holders, at_start=False):
    with dead_owners(holders, at_start=at_start) as names:
        return names


def test_a_forked_child_does_not_keep_its_dead_parents_lock(settings):
    with process(settings.TAGGING_LOCK_DIR, forks=True) as (parent, name):
        parent.wait(timeout=30)

        assert dead() == [name]


def test_an_owner_whose_lock_went_with_its_directory_is_dead_when_its_process_has_ended(settings):
    with process(settings.TAGGING_LOCK_DIR) as (other, name):
        shutil.rmtree(settings.TAGGING_LOCK_DIR)
        assert dead(name) == []

        other.kill()
        other.wait(timeout=30)
        assert dead(name) == [name]


def test_a_killed_process_that_nobody_has_collected_yet_is_dead(settings):
    with process(settings.TAGGING_LOCK_DIR) as (other, name):
        shutil.rmtree(settings.TAGGING_LOCK_DIR)
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)

        assert dead(name) == [name]


def test_an_owner_with_a_lock_directory_of_its_own_lives_as_long_as_its_process(settings, tmp_path):
    with process(tmp_path / "private") as (_, name):
        assert dead(name, at_start=True) == []


def name_of(*, host=None, place=None, began=None, pid=None):
    """Return the name of an owner in this very process, but for what is given."""
    parts = owner_name.NAME.fullmatch(owner_name.new_name()).groupdict()
    given = {"host": host, "place": place, "began": began, "pid": pid}
    parts |= {key: value for key, value in given.items() if value is not None}
    return "{host}-{place}-{began}-{pid}-0123abcd".format(**parts)


def test_an_owner_whose_process_id_went_to_another_process_is_dead():
    assert dead(name_of(began=1)) == [name_of(began=1)]
    assert dead(name_of()) == []


def test_of_another_host_nothing_is_known_without_its_lock():
    assert dead(name_of(host="elsewhere", began=1), "sqs", "", at_start=True) == []


@pytest.mark.parametrize(
    "name", [name_of(place="00000000"), f"{socket.gethostname()}-1-0123abcd"], ids=["of another place", "of before"]
)
def test_an_earlier_life_of_this_host_is_believed_dead_once(name):
    """Later it may be a namesake that lives: the two would take each other's jobs for ever."""
    assert dead(name, at_start=True) == [name]
    assert dead(name) == []


def test_a_living_owner_makes_anew_a_lock_file_that_was_removed(settings):
    owner = Owner()
    shutil.rmtree(settings.TAGGING_LOCK_DIR)

    owner.keep_lock()

    (file,) = Path(settings.TAGGING_LOCK_DIR).glob("*/*.lock")
    assert (file.stem, is_locked(file), dead(owner.name)) == (owner.name, True, [])
    owner.close()
    assert not file.exists()


def test_a_lock_file_in_the_place_of_a_living_owners_is_replaced():
    owner = Owner()
    (file,) = process_lock.directory().glob("*.lock")
    file.unlink()
    file.touch()

    owner.keep_lock()

    assert is_locked(file)
    owner.close()


def test_a_dead_owner_is_forgotten_once_its_jobs_are_taken_and_not_before():
    owner = Owner()
    owner.drop_lock()

    with pytest.raises(ZeroDivisionError), dead_owners():
        raise ZeroDivisionError

    assert dead() == [owner.name]
    assert dead() == []


# -- what lies beside the locks ----------------------------------------------------------------------------------


def lock_like_name():
    return f"{name_of(pid=1)}.lock"


def test_files_of_others_are_left_alone(settings, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    for directory in (Path(settings.TAGGING_LOCK_DIR), process_lock.directory()):
        (directory / "poetry.lock").write_text("theirs")
        (directory / lock_like_name()).write_text("theirs too")
        (directory / "a-1-0123abcd.lock").symlink_to(precious)
        (directory / "b-1-0123abcd.lock").mkdir()
        os.mkfifo(directory / "c-1-0123abcd.lock")
    before = sorted(Path(settings.TAGGING_LOCK_DIR).rglob("*"))

    assert dead() == []

    assert sorted(Path(settings.TAGGING_LOCK_DIR).rglob("*")) == before
    assert precious.read_text() == "mine"


def test_the_dead_of_another_site_in_the_same_directory_are_left_to_it(settings):
    owner = Owner()
    owner.drop_lock()
    ours = settings.DATABASES["default"]["NAME"]

    settings.DATABASES["default"]["NAME"] = "of-another-site"
    try:
        assert dead() == []
    finally:
        settings.DATABASES["default"]["NAME"] = ours

    assert dead() == [owner.name]


def test_a_directory_in_which_no_lock_can_be_kept_is_told_with_its_setting(settings, tmp_path):
    (tmp_path / "locks").touch()

    with pytest.raises(ImproperlyConfigured, match=r"No lock can be kept in .*; set TAGGING_LOCK_DIR to"):
        Owner()


def test_a_directory_that_belongs_to_another_is_told_with_its_setting(settings, tmp_path):
    path = process_lock.directory()
    path.rmdir()
    path.symlink_to(tmp_path)

    with pytest.raises(ImproperlyConfigured, match="set TAGGING_LOCK_DIR to a directory of your own"):
        Owner()

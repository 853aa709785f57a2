"""A dump of PostgreSQL that is made while others write is whole, and the service goes on from it."""

import shutil
import subprocess
from urllib.parse import urlsplit

import pytest
from django.db import connection

from devlogs import entries
from devlogs.models import DevLog
from tests.data.copies import Writers, broken
from tests.support.site import Site
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL"),
    pytest.mark.skipif(not shutil.which("pg_dump"), reason="pg_dump is not installed (postgresql-client)"),
]
RESTORED = "restored_devlogs"


def address_of(name):
    """Return the URL of a database on the tests' server."""
    parts = connection.settings_dict
    user = f"{parts['USER']}:{parts['PASSWORD']}@" if parts["PASSWORD"] else f"{parts['USER']}@"
    return urlsplit(f"postgres://{user}{parts['HOST']}:{parts['PORT'] or 5432}/{name}").geturl()


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def restored(tmp_path):
    """A database that is made anew and dropped at the end."""
    name = f"{RESTORED}_{connection.settings_dict['NAME']}"
    server = address_of("postgres")
    run("psql", server, "--quiet", "--command", f'DROP DATABASE IF EXISTS "{name}"')
    run("psql", server, "--quiet", "--command", f'CREATE DATABASE "{name}"')
    with Site(tmp_path / "restored", database_url=address_of(name)) as site:
        yield site
    run("psql", server, "--quiet", "--command", f'DROP DATABASE "{name}" WITH (FORCE)')


def write():
    devlog = DevLog(entry="Wrote Django with Redis.")
    try:
        entries.write(devlog)
    finally:
        connection.close()
    return devlog.pk


def test_it_is_whole_while_others_write(restored, tmp_path):
    dump, writers = tmp_path / "backup.dump", Writers(write)
    with writers.at_work(4):
        eventually(lambda: len(writers.accepted) > 50, "some are accepted")
        before = set(writers.accepted)
        run("pg_dump", "--format=custom", f"--file={dump}", address_of(connection.settings_dict["NAME"]))
    assert writers.raised == []

    run("pg_restore", "--no-owner", f"--dbname={restored.database_url}", str(dump))

    assert (broken(restored.query), before <= restored.jobs().keys()) == ([], True)
    server = restored.serve("gunicorn").wait_until_it_answers()
    number = server.post("Wrote it anew with Celery.")
    eventually(lambda: set(restored.states()) == {"done"}, "its jobs go on", 60)
    assert (number > max(before), restored.tags()[number]) == (True, ["Celery"])

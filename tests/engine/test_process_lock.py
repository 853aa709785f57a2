"""The lock that proves a process alive, seen from outside."""

import os
import subprocess

import pytest

from tagging.engine import process_lock
from tests.support.servers import PYTHON, ROOT

# A process that locks, forks, and ends; its child says the name and lives until its input ends.
PARENT = """
import os, sys
import django
from django.conf import settings
django.setup()
settings.TAGGING_LOCK_DIR = {lock_dir!r}
from tagging.engine.process_lock import Owner
owner = Owner()
if os.fork():
    os._exit(0)
print(owner.name, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_keep_its_dead_parents_lock(settings):
    script = PARENT.format(lock_dir=settings.TAGGING_LOCK_DIR)
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        [PYTHON, "-c", script], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        name = parent.stdout.readline().strip()
        parent.wait(timeout=30)

        with process_lock.dead_owners() as dead:
            assert dead == [name]

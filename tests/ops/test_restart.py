"""A restart while systemd holds the address, as deploy/systemd/devlog-web.socket has it."""

import shutil
import signal
from pathlib import Path

import pytest

from tests.support.servers import PYTHON, Server
from tests.support.site import Site
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc"),
]
# What systemd does for a socket: it listens, hands the socket on as number 3, and restarts what serves on it.
HOLDER = """
import os, signal, socket, sys
held = socket.create_server(("127.0.0.1", int(sys.argv[1])))
if held.fileno() != 3:
    os.dup2(held.fileno(), 3)
os.set_inheritable(3, True)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
while True:
    serving = os.fork()
    if serving == 0:
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
        os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "devlog_project.wsgi"])
    signal.sigwait([signal.SIGUSR1])
    os.kill(serving, signal.SIGTERM)
    os.waitpid(serving, 0)
"""


def test_a_restart_refuses_nobody_while_systemd_holds_the_address(template, tmp_path):
    with Site(tmp_path) as site:
        shutil.copy(template, site.database)
        server = Server(site, [PYTHON, "-c", HOLDER, "{port}"], {})
        site.servers.append(server)
        server.wait_until_it_answers()
        before = set(eventually(site.workers, "the first worker"))
        posted: list[int] = []

        def is_another() -> bool:
            posted.append(server.post("Wrote a Django app while it restarted."))  # fails where it is refused
            return bool(set(site.workers()) - before)

        server.signal(signal.SIGUSR1)
        eventually(is_another, "another worker")

        eventually(lambda: site.states() == ["done"] * len(posted), "all tagged")

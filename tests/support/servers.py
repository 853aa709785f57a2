"""The servers that a site may be served by, as they are started from a shell."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.support.processes import is_tracker, parents
from tests.support.waiting import DEADLINE_SECONDS, eventually

if TYPE_CHECKING:
    from tests.support.site import Site

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = sys.executable
MANAGE = [PYTHON, "manage.py"]
GUNICORN = [PYTHON, "-m", "gunicorn", "--bind", "127.0.0.1:{port}"]
UVICORN = [PYTHON, "-m", "uvicorn", "--port", "{port}", "devlog_project.asgi:application"]
GRANIAN = [PYTHON, "-m", "granian", "--port", "{port}", "--respawn-failed-workers", "--interface"]
HYPERCORN = [PYTHON, "-m", "hypercorn", "--bind", "127.0.0.1:{port}", "devlog_project.asgi:application"]
# Without `--enable-threads`, not yet the default of older versions, no thread of ours runs between two requests under
# uWSGI. Its `--die-on-term` would drop the worker of a process that answers a request just then; this way it waits.
UWSGI = [PYTHON, "-c", "import pyuwsgi; pyuwsgi.run()", "--master", "--enable-threads", "--need-app"]
UWSGI += ["--hook-master-start", "unix_signal:15 gracefully_kill_them_all"]
UWSGI += ["--http-socket", "127.0.0.1:{port}", "--module", "devlog_project.wsgi"]
SERVERS = {
    "runserver": [*MANAGE, "runserver", "127.0.0.1:{port}"],
    "runserver --noreload": [*MANAGE, "runserver", "--noreload", "127.0.0.1:{port}"],
    "gunicorn": [*GUNICORN, "devlog_project.wsgi"],
    "gunicorn --preload": [*GUNICORN, "--preload", "--workers", "2", "devlog_project.wsgi"],
    "gunicorn sync": [*GUNICORN, "--worker-class", "sync", "devlog_project.wsgi"],
    "uvicorn": UVICORN,
    "uvicorn --workers": [*UVICORN, "--workers", "2"],
    "granian wsgi": [*GRANIAN, "wsgi", "devlog_project.wsgi:application"],
    "granian asgi": [*GRANIAN, "asgi", "devlog_project.asgi:application"],
    "hypercorn": HYPERCORN,
    "hypercorn --workers": [*HYPERCORN, "--workers", "2"],
    "daphne": [PYTHON, "-m", "daphne", "-p", "{port}", "devlog_project.asgi:application"],
    "waitress": [PYTHON, "-m", "waitress", "--listen=127.0.0.1:{port}", "devlog_project.wsgi:application"],
    "uwsgi": [*UWSGI, "--processes", "2"],
    "uwsgi --lazy-apps": [*UWSGI, "--lazy-apps"],
    # A server that knows nothing of us and has no hook to start the worker from.
    "wsgiref": [
        PYTHON,
        "-c",
        "from wsgiref.simple_server import make_server; from devlog_project.wsgi import application; "
        "make_server('127.0.0.1', {port}, application).serve_forever()",
    ],
}


def free_port() -> int:
    """Return a port that nobody listens on, outside the range from which the system itself gives ports away."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Server:
    """A serving process with its children, in a group of their own, and its log in a file."""

    def __init__(self, site: Site, command: list[str], settings: dict[str, str]) -> None:
        self.site = site
        self.port = free_port()
        self.log_file = site.directory / f"server-{len(site.servers) + 1}.log"
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [part.format(port=self.port) for part in command],
                cwd=site.tree,
                env=site.environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    # -- over HTTP -----------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)) as connection:
            content = None if body is None else json.dumps(body).encode()
            headers = {"Content-Type": "application/json", "Connection": "close", **headers}
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post(self, entry: str) -> int:
        """Post one dev-log and return its id; whatever is not a 201 is a failure."""
        answer = self.request("POST", "/api/v1/devlogs/", {"entry": entry})
        assert answer.status == 201, answer.text
        return answer.json["id"]

    def readiness(self) -> tuple[int, str]:
        """Return the status of /readyz and the worker's state in one word."""
        answer = self.get("/readyz")
        return answer.status, answer.json["worker"]

    def wait_until_it_answers(self) -> Self:
        eventually(self._answers, f"an answer on port {self.port}")
        return self

    def _answers(self) -> bool:
        assert self.exit_code() is None, "The server ended by itself."
        with suppress(OSError, http.client.HTTPException):
            return self.get("/healthz").status == 200
        return False

    # -- as processes --------------------------------------------------------------------------------------------

    def children(self) -> list[int]:
        """Return the process ids of the children: gunicorn's workers, runserver's serving half."""
        return sorted(pid for pid, parent in parents().items() if parent == self.pid and not is_tracker(pid))

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal, or None while it runs."""
        # Only looked at: until `kill` collects it, its number stays its own, and so does that of its group.
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def wait_until_it_ended(self, seconds: float = DEADLINE_SECONDS) -> int | None:
        eventually(lambda: self.exit_code() is not None, "the end of the server", seconds)
        return self.exit_code()

    def kill(self) -> None:
        """kill -9 the process and its children, all at once; a second call does nothing."""
        if self._process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

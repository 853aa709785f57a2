"""The real thing for tests and benchmarks: servers and commands as processes of their own, on a database of their own.

    with Site(directory, TAGGING_CONCURRENCY="2") as site:
        site.migrate()
        server = site.serve("gunicorn")
        server.wait_until_it_answers()
        number = server.post("Wrote a Django app.")

Nothing of the caller's environment or of a developer's .env decides how they run. Also imported by the servers
themselves, for GatedExtractor; so it needs nothing but the standard library and the extractors' interface.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from tagging.extraction.base import Extraction, Extractor

try:
    import fcntl
except ImportError:  # not on Windows: there no worker holds a lock
    fcntl = None

ROOT = Path(__file__).resolve().parent.parent.parent
# Generous: a noisy machine is slow, and yet far below the lease of 120 seconds that a lost job would wait for.
DEADLINE_SECONDS = 20.0
# Whatever begins so in the caller's environment is not for our processes.
NOT_OURS = re.compile(
    r"(OPENAI|TAGGING|DJANGO|DATABASE|SQLITE|GUNICORN|UVICORN|GRANIAN|UWSGI|SECURE|PYTEST)_"
    r"|RUN_MAIN$|WEB_CONCURRENCY$|PORT$",
    re.IGNORECASE,
)

Value = TypeVar("Value")

PYTHON = sys.executable
MANAGE = [PYTHON, "manage.py"]
GUNICORN = [PYTHON, "-m", "gunicorn", "--no-control-socket", "--bind", "127.0.0.1:{port}"]
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


def eventually(condition: Callable[[], Value], what: str, seconds: float = DEADLINE_SECONDS) -> Value:
    """Return the condition's first true value; fail, saying what did not happen, when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {seconds:g} s: {what}")
        time.sleep(0.02)
    return value


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


class Site:
    """One deployment: its directory holds database, locks and logs; its settings are environment variables."""

    def __init__(self, directory: Path, *, database_url: str = "", **settings: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.database = directory / "db.sqlite3"
        self.database_url = database_url or f"sqlite:///{self.database}"
        self.lock_dir = directory / "locks"
        self.gates = directory / "gates"
        self.ledger = directory / "ledger.jsonl"
        self.settings = settings
        self.servers: list[Server] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: object, *more: object) -> None:
        for server in self.servers:
            server.kill()
        if failure:  # what pytest shows beside it
            for server in self.servers:
                print(server.log())
            with suppress(sqlite3.Error):
                print(self.jobs(), self.attempts(), self.tags(), sep="\n")

    def environment(self, **settings: str) -> dict[str, str]:
        """Return the variables of this site's processes; an empty value also hides what a .env would say."""
        ours = {
            "DJANGO_SETTINGS_MODULE": "devlog_project.settings",
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "only-for-tests",
            "DEBUG": "on",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "SECURE_SSL_REDIRECT": "off",
            "LOG_LEVEL": "INFO",
            "OPENAI_API_KEY": "",
            "SIMULATION": "off",
            "OPENAI_BASE_URL": "",
            "TAGGING_WORKER": "auto",
            "TAGGING_TRANSPORT": "tagging.transports.memory.MemoryTransport",
            "TAGGING_EXTRACTOR": "tagging.extraction.embedded.extractor.EmbeddedExtractor",
            "TAGGING_CONCURRENCY": "8",
            "TAGGING_MAX_ATTEMPTS": "5",
            "TAGGING_LEASE_SECONDS": "120",
            "TAGGING_SWEEP_SECONDS": "0.5",
            "TAGGING_SHUTDOWN_SECONDS": "10",
            "TAGGING_BACKOFF_SECONDS": "0.1",
            "TAGGING_BACKOFF_CAP_SECONDS": "1",
            "TAGGING_LOCK_DIR": str(self.lock_dir),
            "GATES": str(self.gates),
            "LEDGER": str(self.ledger),
            "PYTHONUNBUFFERED": "1",
        }
        inherited = {name: value for name, value in os.environ.items() if not NOT_OURS.match(name)}
        return inherited | ours | self.settings | settings

    # -- its processes -------------------------------------------------------------------------------------------

    def migrate(self) -> None:
        """Create the tables."""
        done = self.manage("migrate", "--verbosity", "0", TAGGING_WORKER="off")
        assert done.returncode == 0, done.stderr

    def manage(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one management command to its end; it fails if there is none."""
        return self.run([*MANAGE, *arguments], **settings)

    def run(self, command: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(**settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=3 * DEADLINE_SECONDS,
        )

    def serve(self, server: str, *arguments: str, **settings: str) -> Server:
        """Start one of SERVERS and return at once."""
        started = Server(self, [*SERVERS[server], *arguments], settings)
        self.servers.append(started)
        return started

    # -- what can be seen of it ----------------------------------------------------------------------------------

    def workers(self) -> list[int]:
        """Return the process id of each live worker, twice where a process has two: who lives holds its lock file."""
        return sorted(int(path.stem.split("-")[-2]) for path in self.lock_dir.glob("*.lock") if is_locked(path))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database itself, whoever serves or does not."""
        if not self.database_url.startswith("sqlite"):
            import psycopg  # only where there is a PostgreSQL server

            with psycopg.connect(self.database_url) as connection:
                return connection.execute(sql).fetchall()
        with closing(sqlite3.connect(self.database, timeout=20)) as connection:
            return connection.execute(sql).fetchall()

    def jobs(self) -> dict[int, tuple[str, int]]:
        """Return state and attempts of each job."""
        rows = self.query("SELECT devlog_id, state, attempts FROM tagging_job ORDER BY devlog_id")
        return {number: (state, attempts) for number, state, attempts in rows}

    def states(self) -> list[str]:
        return [state for state, _ in self.jobs().values()]

    def attempts(self) -> list[tuple[int, int, str]]:
        """Return the finished and lost attempts: dev-log, number, outcome."""
        return self.query("SELECT job_id, number, outcome FROM tagging_attempt ORDER BY job_id, number")

    def tags(self) -> dict[int, list[str]]:
        """Return each tagged dev-log's tags, sorted; a tag that is there twice is shown twice."""
        tags: dict[int, list[str]] = {}
        for number, name in self.query(
            "SELECT x.devlog_id, t.name FROM tagging_devlogtag x JOIN tagging_tag t ON t.id = x.tag_id ORDER BY t.name"
        ):
            tags.setdefault(number, []).append(name)
        return tags

    # -- the ledger and the gates of GatedExtractor --------------------------------------------------------------

    def open_gate(self, name: str) -> None:
        self.gates.mkdir(exist_ok=True)
        (self.gates / name).touch()

    def calls(self, what: str = "begin") -> list[tuple[int, str]]:
        """Return process id and entry of each call that began (or ended), in the order in which it did."""
        if not self.ledger.exists():
            return []
        lines = [json.loads(line) for line in self.ledger.read_text(encoding="utf-8").splitlines()]
        return [(line["pid"], line["entry"]) for line in lines if line["what"] == what]


class Server:
    """A serving process with its children, in a group of their own, and its log in a file."""

    def __init__(self, site: Site, command: list[str], settings: dict[str, str]) -> None:
        self.site = site
        self.port = free_port()
        self.log_file = site.directory / f"server-{len(site.servers) + 1}.log"
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [part.format(port=self.port) for part in command],
                cwd=ROOT,
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


def parents() -> dict[int, int]:
    """Return the parent of each process on this machine that is not yet dead."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent, *_ = path.read_text(errors="replace").rpartition(")")[2].split()
            if state != "Z":
                found[int(path.parent.name)] = int(parent)
    return found


def is_tracker(pid: int) -> bool:
    """Say whether this is the process that multiprocessing keeps beside those it spawns, to tidy up after them."""
    with suppress(OSError):
        return b"multiprocessing.resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def is_locked(path: Path) -> bool:
    """Say whether a process holds this lock; asked for a shared one, so that those who ask do not see each other."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def migrated_database(directory: Path) -> Path:
    """Return a SQLite file with all tables, to be copied; it is made once in this directory."""
    with Site(directory) as site:
        if not site.database.exists():
            site.migrate()
    return site.database


class GatedExtractor(Extractor):
    """The embedded extractor behind a gate, with a ledger: an entry `behind gate x` is not answered until x is open.

    So a test holds calls in flight as long as it needs, without a clock, and reads who called when. And an entry that
    says `Kill the process` does.
    """

    name = model = "gated"

    def __init__(self, ledger: str, gates: str) -> None:
        from tagging.extraction.embedded.extractor import (
            EmbeddedExtractor,  # only in a server, not where tests are collected
        )

        self._ledger = ledger
        self._gates = Path(gates)
        self._extractor = EmbeddedExtractor()

    @classmethod
    def from_settings(cls, settings: Any) -> GatedExtractor:
        return cls(os.environ["LEDGER"], os.environ["GATES"])

    def extract(self, entry: str, *, safety_identifier: str = "") -> Extraction:
        self._note("begin", entry)
        if gate := re.search(r"behind gate (\w+)", entry):
            while not (self._gates / gate[1]).exists():
                time.sleep(0.02)
        if entry.startswith("Kill the process"):
            os.kill(os.getpid(), signal.SIGKILL)
        extraction = self._extractor.extract(entry)
        self._note("end", entry)
        return extraction

    def _note(self, what: str, entry: str) -> None:
        line = json.dumps({"what": what, "pid": os.getpid(), "entry": entry}) + "\n"
        file = os.open(self._ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with closing(os.fdopen(file, "wb", buffering=0)) as ledger:  # one write, so lines never mix
            ledger.write(line.encode())

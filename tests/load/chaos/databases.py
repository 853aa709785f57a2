"""The databases a run may use: how to look into them from outside, and what harm can be done to them."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests.support.servers import free_port
from tests.support.waiting import eventually

OURS = "devlog_chaos"
# Shorter than what a frozen writer may make us wait.
LOOK_SECONDS = 1.0


class Sqlite:
    name = "SQLite"
    not_run: tuple[str, ...] = ()
    harms: tuple[str, ...] = ()

    def __init__(self, directory: Path) -> None:
        self._file = directory / "db.sqlite3"
        self.url = f"sqlite:///{self._file}"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._file, timeout=LOOK_SECONDS)) as connection:
            return connection.execute(sql).fetchall()

    def epoch(self, column: str) -> str:
        """Return the SQL for a time in seconds since 1970."""
        return f"(julianday({column}) - 2440587.5) * 86400.0"

    def is_writable(self) -> bool:
        """Say whether nobody sits on the lock that all writers need."""
        with closing(sqlite3.connect(self._file, timeout=0.2, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True

    def close(self) -> None:
        """The directory goes with the run."""


class Postgres:
    """A database of our own on somebody's server: its connections can be cut, the server is left alone."""

    harms: tuple[str, ...] = ("cut connections",)

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self.url = urlunsplit(urlsplit(server_url)._replace(path=f"/{OURS}"))
        self.name = f"PostgreSQL {self._version()}"
        self.not_run: tuple[str, ...] = ("PostgreSQL restarted or crashed: the server is not ours",)
        self._as_admin(f"DROP DATABASE IF EXISTS {OURS} WITH (FORCE)")
        self._as_admin(f"CREATE DATABASE {OURS}")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask, and wait for a server that is just coming back."""
        import psycopg  # only where there is a PostgreSQL server

        deadline = time.monotonic() + 20
        while True:
            try:
                with psycopg.connect(self.url, connect_timeout=5) as connection:
                    return connection.execute(sql).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def epoch(self, column: str) -> str:
        return f"extract(epoch FROM {column})::float8"

    def is_writable(self) -> bool:
        return True  # a frozen writer holds up those rows only

    def cut_connections(self) -> None:
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def close(self) -> None:
        self._as_admin(f"DROP DATABASE IF EXISTS {OURS} WITH (FORCE)")

    def _as_admin(self, sql: str) -> None:
        import psycopg

        with psycopg.connect(self._server_url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(sql)

    def _version(self) -> str:
        import psycopg

        with psycopg.connect(self._server_url, connect_timeout=5) as connection:
            return str(connection.info.server_version // 10_000)


class OwnPostgres(Postgres):
    """A cluster of our own, that may be restarted and crashed."""

    harms = ("cut connections", "restart database", "crash database")

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._directory = Path(tempfile.mkdtemp(prefix="devlog-chaos-postgres-"))
        # PostgreSQL refuses to run as root.
        self._user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        if self._user:
            shutil.chown(self._directory, "postgres", "postgres")
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._run("initdb", "--username=postgres", "--auth=trust", "--no-sync", f"--pgdata={self._data}").wait()
            self._start()
            super().__init__(f"postgresql://postgres@127.0.0.1:{self._port}/postgres")
        except BaseException:
            self._remove()
            raise
        self.not_run = ()

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    def restart_database(self) -> None:
        """As an administrator does: connections are ended, transactions rolled back."""
        self._stop(signal.SIGINT)
        self._start()

    def crash_database(self) -> None:
        """It stops without a farewell and recovers from its log."""
        self._stop(signal.SIGQUIT)
        self._start()

    def close(self) -> None:
        self._remove()

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._directory / f"{program}.log").open("ab") as log:
            command = [str(self._binaries / program), *arguments]
            return subprocess.Popen(command, cwd=self._directory, stdout=log, stderr=log, **self._user)

    def _start(self) -> None:
        # fsync guards against the loss of power, which is not tried here.
        options = {"port": self._port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._process = self._run("postgres", "-D", str(self._data), *arguments)
        ready = [str(self._binaries / "pg_isready"), "-h", "127.0.0.1", "-p", str(self._port)]
        eventually(lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0, "PostgreSQL is up")

    def _stop(self, how: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(how)
            self._process.wait(timeout=30)

    def _remove(self) -> None:
        self._stop(signal.SIGQUIT)
        shutil.rmtree(self._directory, ignore_errors=True)


def postgres_binaries() -> Path | None:
    """Return where PostgreSQL's programs are: on the path, or where Debian puts them."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(versions, key=lambda path: int(path.parent.name), default=None)


def open_database(wanted: str, directory: Path) -> Sqlite | Postgres:
    """Return the database asked for: `sqlite`, `postgres` (a cluster of our own), or the URL of a server."""
    if wanted == "sqlite":
        return Sqlite(directory)
    if wanted != "postgres":
        return Postgres(wanted)
    if not (binaries := postgres_binaries()):
        raise SystemExit("NOT RUN: no PostgreSQL programs found here; give --database the URL of a server instead.")
    return OwnPostgres(binaries)


def ask(database: Sqlite | Postgres, sql: str) -> list[tuple[Any, ...]]:
    """Ask the database, and wait while it is locked."""
    answers: list[list[tuple[Any, ...]]] = []

    def has_answered() -> bool:
        with suppress(sqlite3.OperationalError):
            answers.append(database.query(sql))
        return bool(answers)

    eventually(has_answered, "an answer of the database")
    return answers[0]

"""Where a benchmark plays: databases prepared once, contestants served on copies of them, stand-ins for the model."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.servers import PYTHON, ROOT, Server
from tests.support.site import Site
from tests.support.waiting import eventually

CONTESTANTS = {
    "product": {},
    "plain": {"CONTESTANT": "plain", "TAGGING_WORKER": "off"},
    "bare": {"CONTESTANT": "bare", "TAGGING_WORKER": "off"},
    "naive": {"CONTESTANT": "naive", "TAGGING_WORKER": "off", "NAIVE_THREADS": "1"},
    "naive-8": {"CONTESTANT": "naive", "TAGGING_WORKER": "off", "NAIVE_THREADS": "8"},
    "naive-64": {"CONTESTANT": "naive", "TAGGING_WORKER": "off", "NAIVE_THREADS": "64"},
}
# Servers write what they import to their logs.
# Writes are counted as in production, but never too many.
COMMON = {
    "API_POSTS_PER_MINUTE": "10000000",
    "PYTHONPROFILEIMPORTTIME": "1",
    "DJANGO_SETTINGS_MODULE": "tests.load.benchmarks.settings",
    "DEBUG": "off",
}
EMBEDDED = "tagging.extraction.embedded.extractor.EmbeddedExtractor"
OPENAI = "tagging.extraction.openai.client.OpenAIExtractor"
TICKS = os.sysconf("SC_CLK_TCK")


class BenchSite(Site):
    """A site on a copy of a prepared database, at the product's default concurrency unless told otherwise."""

    tokens: list[str] = []  # of those who post
    _reader: Any = None

    def environment(self, **settings: str) -> dict[str, str]:
        environment = super().environment(**settings) | {"BENCH_TOKENS": ",".join(self.tokens)}
        if "TAGGING_CONCURRENCY" not in self.settings:
            del environment["TAGGING_CONCURRENCY"]
        return environment

    def ask(self, module: str, *arguments: object, seconds: float = 300) -> Any:
        """Run one of this package's modules and return the JSON it prints."""
        command = [PYTHON, "-m", f"tests.load.benchmarks.{module}", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False, timeout=seconds
        )
        if done.returncode:
            raise RuntimeError(f"{module} failed:\n{done.stderr}")
        return json.loads(done.stdout or "null")

    def count(self, sql: str, *parameters: object) -> int:
        if not self._reader:  # kept, for polling; and not opened unasked, as it spares the server its checkpoints
            self._reader = self._connected()
        if not self._is_sqlite:
            sql = sql.replace("?", "%s")
        return self._reader.execute(sql, parameters).fetchone()[0]

    @property
    def _is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    def _connected(self) -> Any:
        """Return a connection that only reads."""
        if self._is_sqlite:
            return sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, isolation_level=None, timeout=20)
        import psycopg  # only where there is a PostgreSQL server

        return psycopg.connect(self.database_url, autocommit=True)

    def prepare(self) -> dict[str, list[str]]:
        """Create the tables and those who post; return their tokens."""
        self.migrate()
        return self.ask("authors")

    def tagged(self) -> int:
        """Return how many dev-logs carry tags: what `done` means to every contestant alike."""
        return self.count("SELECT COUNT(DISTINCT devlog_id) FROM tagging_devlogtag")

    def close(self) -> None:
        for server in self.servers:
            server.kill()
        if self._reader:
            self._reader.close()
        shutil.rmtree(self.directory)


class Running:
    """A served contestant, seen from outside."""

    def __init__(self, site: BenchSite, server: Server) -> None:
        self.site = site
        self.server = server
        server.wait_until_it_answers()
        (self.pid,) = server.children()

    def load(self, clients: int, warm_up_seconds: float, seconds: float) -> dict[str, float]:
        """POST for so long; return what the clients met, and the server's CPU time for each POST in ms."""
        before = self.cpu_seconds()
        met = self.site.ask("load", self.server.port, clients, warm_up_seconds, seconds)
        return met | {"cpu_ms": 1000 * (self.cpu_seconds() - before) / met["answered"]}

    def post(self, entry: str) -> int:
        """Post one dev-log and return its id."""
        token = {"Authorization": f"Token {self.site.tokens[0]}"}
        answer = self.server.request("POST", "/api/v1/devlogs/", {"entry": entry}, **token)
        assert answer.status == 201, answer.text
        return answer.json["id"]

    def cpu_seconds(self) -> float:
        return cpu_seconds(Path(f"/proc/{self.pid}"))

    def memory(self) -> int:
        """Return the resident memory in bytes."""
        (line,) = (line for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if "VmRSS" in line)
        return 1024 * int(line.split()[1])

    def has_loaded_sdk(self) -> bool:
        return "| openai\n" in self.server.log()

    def wait_until_it_tags(self) -> None:
        eventually(self.site.tagged, f"the first tags\n{self.server.log()}")

    def wait_until_it_rests(self) -> None:
        """Wait until all slots hold a call that hangs, and the import of the SDK is over."""
        eventually(lambda: self.site.count("SELECT COUNT(*) FROM tagging_job WHERE state = 'running'"), "a claim")
        eventually(self._rests, "an idle server")

    def _rests(self) -> bool:
        before = self.cpu_seconds()
        time.sleep(0.5)
        return self.has_loaded_sdk() and self.cpu_seconds() - before < 0.05

    def drain(self, warm_up_seconds: float, seconds: float) -> dict[str, float]:
        """Return jobs per second and CPU ms per job, and of that the busiest thread's, in the midst of the backlog.

        From one commit to another: who settles in groups would else be a group better or worse by chance.
        """
        self.wait_until_it_tags()
        time.sleep(warm_up_seconds)
        began, done, cpu, threads = self._next_commit()
        time.sleep(seconds)
        ended, done_then, cpu_then, threads_then = self._next_commit()
        done = done_then - done
        busiest = max(threads_then[thread] - threads.get(thread, 0) for thread in threads_then)
        return {
            "per_second": done / (ended - began),
            "cpu_ms": 1000 * (cpu_then - cpu) / done,
            "busiest_thread_ms": 1000 * busiest / done,
        }

    def _next_commit(self) -> tuple[float, int, float, dict[str, float]]:
        """Wait until more jobs are done than now; return the time, how many, and CPU seconds, all and by thread."""
        before, asked_at = self.site.tagged(), time.perf_counter()
        while (done := self.site.tagged()) == before:
            assert time.perf_counter() - asked_at < 30, self.server.log()
            time.sleep(0.001)
        threads = {task.name: cpu_seconds(task) for task in Path(f"/proc/{self.pid}/task").iterdir()}
        return time.perf_counter(), done, self.cpu_seconds(), threads


def cpu_seconds(task: Path) -> float:
    """Return the CPU time of a process or of one of its threads, by its directory in /proc."""
    fields = (task / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Stage:
    """What all rounds share: prepared databases, and one model server for each latency."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._models: dict[float, tuple[subprocess.Popen[str], str]] = {}
        self._sites = 0
        self._tokens: dict[str, list[str]] = {}

    def site(
        self,
        contestant: str = "product",
        *,
        backlog: int = 0,
        latency: float | None = None,
        model_url: str = "",
        database_url: str = "",
        **more: str,
    ) -> BenchSite:
        """Return a fresh site: so many pending jobs, and a model (there, or of this latency) or the embedded one.

        database_url: an empty database that is to be used, in place of a SQLite file of its own.
        """
        model = {"TAGGING_EXTRACTOR": EMBEDDED}
        if latency is not None:
            model_url = self.model_url(latency)
        if model_url:
            model = {"TAGGING_EXTRACTOR": OPENAI, "OPENAI_BASE_URL": model_url, "OPENAI_API_KEY": "none"}
        self._sites += 1
        directory = self._directory / f"site-{self._sites}"
        site = BenchSite(directory, database_url=database_url, **COMMON, **CONTESTANTS[contestant], **model, **more)
        if database_url:
            tokens = BenchSite(directory, database_url=database_url, **COMMON, **CONTESTANTS["plain"]).prepare()
        else:
            shutil.copy(self.prepared(backlog), site.database)
            tokens = self._tokens
        site.tokens = tokens.get(contestant, tokens["product"])
        return site

    @contextmanager
    def running(self, *arguments: Any, **options: Any) -> Iterator[Running]:
        """Serve a contestant on a fresh site."""
        with closing(self.site(*arguments, **options)) as site:
            yield Running(site, site.serve("gunicorn"))

    def prepared(self, backlog: int) -> Path:
        """Return a database with those who post and so many pending jobs, made when first asked for."""
        path = self._directory / f"prepared-{backlog}.sqlite3"
        if not path.exists():
            # As `plain`, which has one table more than the product.
            site = BenchSite(self._directory / f"preparing-{backlog}", **COMMON, **CONTESTANTS["plain"])
            if backlog:
                shutil.copy(self.prepared(0), site.database)
                site.ask("backlog", backlog)
            else:
                self._tokens = site.prepare()
            with closing(sqlite3.connect(site.database)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            site.database.rename(path)
            site.close()
        return path

    def model_url(self, latency: float) -> str:
        if latency not in self._models:
            command = [PYTHON, "-m", "tests.support.wire", "--latency", str(latency)]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            port = process.stdout.readline().strip()
            self._models[latency] = process, f"http://127.0.0.1:{port}/v1"
        return self._models[latency][1]

    def close(self) -> None:
        for process, _ in self._models.values():
            process.kill()
            process.wait()
        with suppress(FileNotFoundError):
            shutil.rmtree(self._directory)

"""Brokers of the test's own, to be killed, frozen and started again on what they had on disk."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.support.servers import free_port
from tests.support.waiting import eventually

RABBITMQ = shutil.which("rabbitmq-server", path="/usr/lib/rabbitmq/bin:" + os.environ.get("PATH", ""))
REDIS = shutil.which("redis-server")
INSTALLED = {"rabbitmq": RABBITMQ, "redis": REDIS}


class Broker:
    """One server process with its children, on a free port and a directory of its own."""

    def __init__(self, kind: str, directory: Path) -> None:
        directory.mkdir()
        self.kind = kind
        self.port = free_port()
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        if self.kind == "redis":
            return f"redis://127.0.0.1:{self.port}/0"
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> Self:
        """Start it, on what an earlier start left, and wait until it takes connections."""
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), env=self._environment(), stdout=log, stderr=log, start_new_session=True
            )
        eventually(self._answers, f"an answer of {self.kind}", 120)
        return self

    def kill(self) -> None:
        """kill -9 it with all its children."""
        self._signal(signal.SIGKILL)
        if self._process:
            self._process.wait()
        self._process = None

    def freeze(self) -> None:
        """Have it take connections, as the system does for it, and say nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process:
            os.killpg(self._process.pid, number)

    def _command(self) -> list[str]:
        if self.kind == "redis":
            options = ["--bind", "127.0.0.1", "--port", str(self.port), "--appendonly", "yes", "--save", ""]
            return [str(REDIS), *options, "--dir", str(self._directory)]
        return [str(RABBITMQ)]

    def _environment(self) -> dict[str, str]:
        if self.kind == "redis":
            return dict(os.environ)
        return os.environ | {
            "RABBITMQ_NODENAME": f"devlog-test-{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self._directory / "data"),
            "RABBITMQ_LOG_BASE": str(self._directory / "logs"),
            "RABBITMQ_PID_FILE": str(self._directory / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._directory / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self._directory / "none"),
            "HOME": str(self._directory),  # where its cookie goes
        }

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, (self._directory / "log").read_text(errors="replace")
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.settimeout(1)
            connection.sendall(b"AMQP\0\0\x09\x01" if self.kind == "rabbitmq" else b"PING\r\n")
            return bool(connection.recv(1))
        return False


def remove(url: str, name: str) -> None:
    """Remove a test's queue, and what belongs to it, from a broker that goes on."""
    if url.startswith("redis"):
        import redis  # only where it is tested

        with redis.Redis.from_url(url) as client:
            for key in client.scan_iter(f"{name}.notifications:*"):
                client.delete(key)
        return
    from kombu import Connection, Exchange  # likewise

    with Connection(url, connect_timeout=5) as connection:
        connection.default_channel.queue_delete(f"{name}.notifications")
        Exchange(f"{name}.notifications", channel=connection.default_channel).delete()

"""The command-line client as a person runs it: as a process, on a computer of its own, against a real service.

    computer = service.computer(directory)         # with an account, logged in
    done = computer.devlog("Wrote a Django app.")
    assert done.code == 0 and service.entries(computer.user) == ["Wrote a Django app."]

Nothing of the caller's own home or environment decides how it runs.
"""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.servers import ROOT
from tests.support.site import Site
from tests.support.terminals import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

CLIENT = ROOT / "clients" / "devlog"
# A wrong answer of the client fails by itself; only what hangs reaches this.
SECONDS = 90
MADE_AT_ONCE = 200
ACCOUNTS = """
import json
from django.contrib.auth.models import User
from devlog_project.api.models.tokens import make_token
users = [User.objects.create(username=f"user{{number}}") for number in range({first}, {first} + {count})]
print(json.dumps({{user.username: make_token(user, "laptop", None)[1] for user in users}}))
"""


@dataclass(frozen=True, slots=True)
class Done:
    """What one call of the client came to."""

    code: int
    out: str
    err: str


class Kept(NamedTuple):
    """A dev-log as the service keeps it; its time is a text of UTC."""

    entry: str
    external_id: str | None
    created_at: str
    is_private: bool


class Service:
    """The real service with accounts; its database can be asked whether it serves or not."""

    def __init__(self, site: Site) -> None:
        site.migrate()
        self.site = site
        self.tokens: dict[str, str] = {}
        self._accounts = self._made_accounts()
        self.server: Server = site.serve("gunicorn", "--threads", "8").wait_until_it_answers()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def _made_accounts(self) -> Iterator[str]:
        """Give accounts that nobody has had yet, made many at a time."""
        while True:
            script = ACCOUNTS.format(first=len(self.tokens), count=MADE_AT_ONCE)
            made = self.site.manage("shell", "-v", "0", "-c", script, TAGGING_WORKER="off")
            assert made.returncode == 0, made.stderr
            new = json.loads(made.stdout)
            self.tokens |= new
            yield from new

    def computer(self, home: Path, address: str = "") -> Computer:
        """Return a computer whose owner has an account of their own, and has logged in."""
        computer = Computer(home, next(self._accounts))
        computer.configure(address or self.address, self.tokens[computer.user])
        return computer

    def kept(self, user: str) -> list[Kept]:
        """Return the dev-logs of a user in the order in which they came."""
        assert user in self.tokens
        rows = self.site.query(
            "SELECT d.entry, d.external_id, d.created_at, d.is_private FROM devlogs_devlog d "
            f"JOIN auth_user u ON u.id = d.author_id WHERE u.username = '{user}' ORDER BY d.id"
        )
        return [Kept(entry, known_as, created, bool(private)) for entry, known_as, created, private in rows]

    def entries(self, user: str) -> list[str]:
        """Return the texts of a user in the order of their times."""
        return [one.entry for one in sorted(self.kept(user), key=lambda one: one.created_at)]


class Computer:
    """One person's computer: a home with nothing in it but what the client and the test put there."""

    def __init__(self, home: Path, user: str = "") -> None:
        self.home = home
        self.user = user
        self.token = ""
        home.mkdir(parents=True, exist_ok=True)
        self.config = home / ".config/devlog/config.json"
        self.state = home / ".local/state/devlog"
        self.environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        }

    def configure(self, address: str, token: str = "") -> None:
        """Write the configuration as `devlog login` does."""
        self.token = token
        self.config.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.config.write_text(json.dumps({"address": address, "token": token}), encoding="utf-8")
        self.config.chmod(0o600)

    def through(self, address: str) -> dict[str, str]:
        """Return the variables by which the client speaks to this address, and shows it its token."""
        return {"DEVLOG_URL": address, "DEVLOG_TOKEN": self.token}

    # -- running the client --------------------------------------------------------------------------------------

    def devlog(
        self, *arguments: str, typed: str | bytes = b"", cwd: Path | None = None, **environment: str | None
    ) -> Done:
        """Run the client to its end, not at a terminal; whatever happened, it shows no traceback.

        A variable of None is taken away.
        """
        process = self.start(*arguments, cwd=cwd, **environment)
        try:
            out, err = process.communicate(typed.encode() if isinstance(typed, str) else typed, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        done = Done(process.returncode, out.decode(), err.decode())
        assert "Traceback" not in done.err, done.err
        return done

    def start(self, *arguments: str, cwd: Path | None = None, **environment: str | None) -> subprocess.Popen[bytes]:
        """Start the client and return at once."""
        return subprocess.Popen(
            [sys.executable, str(CLIENT), *arguments],
            cwd=cwd or self.home,
            env=self.with_variables(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def at_terminal(self, *arguments: str, cwd: Path | None = None, **environment: str | None) -> Terminal:
        """Start the client at a terminal of its own; use it as `with computer.at_terminal(…) as terminal`."""
        variables = self.with_variables({"TERM": "xterm-256color", **environment})
        return Terminal([sys.executable, str(CLIENT), *arguments], cwd or self.home, variables)

    def with_variables(self, changed: dict[str, str | None]) -> dict[str, str]:
        variables: dict[str, str | None] = {**self.environment, **changed}
        return {name: value for name, value in variables.items() if value is not None}

    def editor(self, script: str) -> str:
        """Return what to set as EDITOR so that this shell script edits the file, which it knows as "$1"."""
        path = self.home / "editor.sh"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    # -- what it has kept ----------------------------------------------------------------------------------------

    def waiting(self) -> list[Path]:
        """Return the files that are kept to be sent, oldest first."""
        spool = self.state / "spool"
        return sorted(path for path in spool.iterdir() if is_kept(path)) if spool.exists() else []

    def waiting_texts(self) -> list[str]:
        bodies: list[Any] = [json.loads(path.read_text(encoding="utf-8")) for path in self.waiting()]
        return [one["body"]["entry"] for one in bodies]

    def refused(self) -> list[Path]:
        folder = self.state / "refused"
        return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def is_kept(path: Path) -> bool:
    return path.is_file() and path.suffix in (".json", ".commit") and not path.name.startswith(".")


def told_files(text: str) -> list[Path]:
    """Return the files whose paths stand in what was shown."""
    return [path for path in map(Path, re.findall(r"/[^\s:,;'\"()]+(?<![.])", text)) if path.is_file()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9 the client, and collect it."""
    process.send_signal(signal.SIGKILL)
    process.communicate()

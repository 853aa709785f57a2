"""The healthcheck of a container, which may have no curl: exit code 0 is well, 1 is not, and why is said.

`web` asks /readyz: what is called healthy is waited for, by compose's `depends_on` and `--wait` and by Swarm before it
sends requests, and may then take entries. What ends a process asks with --live, or /livez over HTTP: a database that
is away, or migrations that are missing, are no reason to restart.
"""

from __future__ import annotations

import http.client
import json
from contextlib import closing

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError

from tagging.engine.heartbeat import workers_here
from tagging.models.migrated import missing_migrations

PORT = 8000
SECONDS = 10.0


class Command(BaseCommand):
    help = "Say whether the web server or a worker of this host is well; exit code 0 if it is, else 1."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["web", "worker"], help="web asks /readyz (/livez); worker the database")
        parser.add_argument("--port", type=int, default=PORT, help=f"of the web server on this host ({PORT})")
        parser.add_argument("--live", action="store_true", help="exit code 1 only where a restart would help")

    def handle(self, *args: object, what: str, port: int, live: bool, **options: object) -> None:
        self.stdout.write(of_web(port, live) if what == "web" else of_worker(live))


def of_web(port: int, is_live: bool) -> str:
    """Return what to say of a server that is ready, or alive; raise CommandError for one that is not."""
    address, well, ill = ("/livez", "Alive", "Dead") if is_live else ("/readyz", "Ready", "Not ready")
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
            connection.request("GET", address)
            answer = connection.getresponse()
            body = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CommandError(f"No answer of ours from 127.0.0.1:{port} ({error}): does the server run there?") from error
    advice = " ".join(body.get("advice", []))
    if answer.status != http.HTTPStatus.OK:
        raise CommandError(f"{ill} (HTTP {answer.status}). {advice}")
    return f"{well}. {advice}".strip()


def of_worker(is_live: bool) -> str:
    """Return what to say of the workers of this host; raise CommandError where none works."""
    try:
        if not is_live and missing_migrations():
            raise CommandError("The database lacks migrations of this version: run manage.py migrate.")
        names = workers_here()
    except (DatabaseError, InterfaceError) as error:
        words = f"The database does not answer: {str(error).partition(chr(10))[0]}"
        if is_live:  # a worker says in the database that it is there, and waits for it
            return words
        raise CommandError(words) from error
    if not names:
        raise CommandError("No worker of this host works: see that run_worker or Celery's worker runs, and its log.")
    return f"Works: {', '.join(names)}."

"""The healthcheck of a container, which may have no curl: exit code 0 is well, 1 is not, and why is said.

`web` asks /readyz: what is called healthy is waited for, by compose's `depends_on` and `--wait` and by Swarm before it
sends requests, and may then take entries. A probe that ends a process must ask /livez instead, over HTTP: a database
that is away is no reason to restart.
"""

from __future__ import annotations

import http.client
import json
from contextlib import closing

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError

from tagging.engine.heartbeat import workers_here
from tagging.models.migrated import lacks_migrations

PORT = 8000
SECONDS = 10.0


class Command(BaseCommand):
    help = "Say whether the web server or a worker of this host is well; exit code 0 if it is, else 1."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["web", "worker"], help="web asks /readyz; worker asks the database")
        parser.add_argument("--port", type=int, default=PORT, help=f"of the web server on this host ({PORT})")

    def handle(self, *args: object, what: str, port: int, **options: object) -> None:
        self.stdout.write(of_web(port) if what == "web" else of_worker())


def of_web(port: int) -> str:
    """Return what to say of a server that is ready; raise CommandError for one that is not."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            body = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CommandError(f"No answer of ours from 127.0.0.1:{port} ({error}): does the server run there?") from error
    advice = " ".join(body.get("advice", []))
    if answer.status != http.HTTPStatus.OK:
        raise CommandError(f"Not ready (HTTP {answer.status}). {advice}")
    return f"Ready. {advice}".strip()


def of_worker() -> str:
    """Return what to say of the workers of this host; raise CommandError where none works."""
    try:
        if lacks_migrations():
            raise CommandError("The database lacks migrations of this version: run manage.py migrate.")
        names = workers_here()
    except (DatabaseError, InterfaceError) as error:
        raise CommandError(f"The database does not answer: {str(error).partition(chr(10))[0]}") from error
    if not names:
        raise CommandError("No worker of this host works: see that run_worker or Celery's worker runs, and its log.")
    return f"Works: {', '.join(names)}."

"""Requests made up from the contract, sent to a real server."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import ROOT, Server
from tests.support.site import Site

CLIENTS = ("the author", "another author", "nobody")
CONFIG = ROOT / "tests" / "fuzz" / "schemathesis.toml"
PASSWORD = "only-for-the-tests"
MAKE_USERS = (
    "from django.contrib.auth.models import User\n"
    f"for name in ('author', 'another'): User.objects.create_user(name, password='{PASSWORD}')"
)
# They end the token that all other requests are sent with.
ENDS_TOKENS = r"/auth/(logout|tokens)"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,allow_header_conformance,use_after_free,ignored_auth"
)


@contextmanager
def served(directory: Path, database_url: str = "") -> Iterator[tuple[Server, dict[str, str | None]]]:
    """Serve a site with two authors; yield the server, and the token of each client."""
    with Site(directory, database_url=database_url, DEBUG="off", API_POSTS_PER_MINUTE="0") as site:
        site.migrate()
        made = site.manage("shell", "-c", MAKE_USERS)
        assert made.returncode == 0, made.stderr
        server = site.serve("gunicorn")
        server.wait_until_it_answers()
        tokens = (logged_in(server, name) for name in ("author", "another"))
        yield server, dict(zip(CLIENTS, [*tokens, None], strict=True))


def logged_in(server: Server, name: str) -> str:
    """Return a token, after the author has written something to be found."""
    credentials = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
    answer = server.request("POST", "/api/v1/auth/login/", Authorization=f"Basic {credentials}")
    assert answer.status == 200, answer.text
    token = str(answer.json["token"])
    for entry in ("Moved our Flask service to k8s.", "Wrote a Django view; it uses Elasticsearch."):
        server.request("POST", "/api/v1/devlogs/", {"entry": entry}, Authorization=f"Token {token}")
    return token


def fuzz(server: Server, token: str | None, seconds: int, *more: str) -> bool:
    """Send requests for so many seconds and return whether every answer was as the contract says."""
    origin = f"http://127.0.0.1:{server.port}"
    command = [
        str(Path(sys.executable).with_name("st")),
        "--config-file",
        str(CONFIG),
        "run",
        f"{origin}/api/v1/schema/?format=json",
    ]
    command += ["--max-time", str(seconds), "--checks", CHECKS, "--continue-on-failure", "--no-color", *more]
    if token:
        command += ["--header", f"Authorization: Token {token}", "--exclude-path-regex", ENDS_TOKENS]
    return subprocess.run(command, cwd=server.site.directory, check=False).returncode == 0

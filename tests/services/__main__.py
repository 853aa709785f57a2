"""`make test-services`: the tests that need real servers, on those that answer; says aloud what it did not run.

A server is where its variable says, or at its usual address on this host. EXPECT_SERVICES names those that must be
there (`postgres rabbitmq redis`): the run fails if one of them is missing.
"""

import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

SERVERS = {
    "postgres": ("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"),
    "rabbitmq": ("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
    "redis": ("TEST_REDIS_URL", "redis://127.0.0.1:6379/15"),
}
# What speaks to the database in other words than the ORM's; the rest is the same on both.
ON_POSTGRES = [f"tests/test_{name}.py" for name in ("jobs", "worker", "provider", "budget", "api", "admin")]
ON_POSTGRES += [f"tests/test_{name}.py" for name in ("people", "retag", "vocabulary", "results")]


def answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2):
            return True
    except OSError:
        return False


def run(*arguments: str, **variables: str) -> int:
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", "-rs", *arguments]
    return subprocess.run(command, env=os.environ | variables, check=False).returncode


def main() -> int:
    urls = {name: os.environ.get(variable, usual) for name, (variable, usual) in SERVERS.items()}
    there = {name: url for name, url in urls.items() if answers(url)}
    missing = [name for name in SERVERS if name not in there]
    for name in missing:
        print(f"NOT RUN: what needs {name}; none answers where {SERVERS[name][0]} says, or at its usual address.")
    variables = {SERVERS[name][0]: url for name, url in there.items()}
    failed = run("tests/services", **variables)
    if "postgres" in there:
        failed |= run(*ON_POSTGRES, TEST_DATABASE_URL=there["postgres"])
    expected = set(os.environ.get("EXPECT_SERVICES", "").split()) & set(missing)
    if expected:
        print(f"Expected and not there: {', '.join(sorted(expected))}.")
    return int(bool(failed or expected))


if __name__ == "__main__":
    sys.exit(main())

"""`make test-services`: the tests that need real servers, on those that answer; says aloud what it did not run.

A server is where its variable says, or at its usual address on this host; MiniStack is installed if need be.
EXPECT_SERVICES names those that must be there (`postgres rabbitmq redis ministack`); the run fails without them.
"""

import argparse
import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

from tests.lambda_chain.environment import python_with_ministack

SERVERS = {
    "postgres": ("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"),
    "rabbitmq": ("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
    "redis": ("TEST_REDIS_URL", "redis://127.0.0.1:6379/15"),
}
# What speaks to the database in other words than the ORM's; the rest is the same on both.
ON_POSTGRES = [
    f"tests/engine/test_{name}.py" for name in ("jobs", "worker", "engine", "log_lines", "provider", "budget")
]
ON_POSTGRES += ["tests/devlogs", "tests/curation", "tests/transports/test_results.py"]


def answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2):
            return True
    except OSError:
        return False


def can_install_ministack() -> bool:
    try:
        python_with_ministack()
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def run(*arguments: str, tries: int, **variables: str) -> bool:
    """Run these tests, and those that failed again, as often as may be; say whether all passed in the end."""
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", "-rs", *arguments]
    for _ in range(tries):
        if subprocess.run(command, env=os.environ | variables, check=False).returncode == 0:
            return True
        command.append("--last-failed")  # all, where none was recorded
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tries", type=int, default=1, help="repeat what failed, up to so many runs in all")
    parser.add_argument("only", nargs="*", help="run these tests alone, and not all")
    asked = parser.parse_args()
    tries = asked.tries
    urls = {name: os.environ.get(variable, usual) for name, (variable, usual) in SERVERS.items()}
    there = {name: url for name, url in urls.items() if answers(url)}
    missing = [name for name in SERVERS if name not in there]
    for name in missing:
        print(f"NOT RUN: what needs {name}; none answers where {SERVERS[name][0]} says, or at its usual address.")
    variables = {SERVERS[name][0]: url for name, url in there.items()}
    passed = [run(*(asked.only or ["tests/services"]), tries=tries, **variables)]
    if "postgres" in there and not asked.only:
        passed.append(run(*ON_POSTGRES, tries=tries, TEST_DATABASE_URL=there["postgres"]))
    if not asked.only and can_install_ministack():
        passed.append(run("tests/lambda_chain", tries=tries, TEST_MINISTACK="1"))
    elif not asked.only:
        missing.append("ministack")
        print("NOT RUN: tests/lambda_chain; no package index answers that has MiniStack.")
    expected = set(os.environ.get("EXPECT_SERVICES", "").split()) & set(missing)
    if expected:
        print(f"Expected and not there: {', '.join(sorted(expected))}.")
    return int(not all(passed) or bool(expected))


if __name__ == "__main__":
    sys.exit(main())

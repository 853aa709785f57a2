"""`make test-browser`: the pages and the admin in a real Chromium, against a real server with its worker.

    make test-browser
    make test-browser BROWSER_FLAGS="--pictures docs/pictures"     draws README's pictures too
    make test-browser BROWSER_FLAGS="-k keyboard"                  what else pytest takes

Chromium is that of this machine: `apt-get install chromium`, or CHROMIUM=/path/to/it.
"""

import os
import subprocess
import sys

from tests.support.chromium import ASKED_FOR, executable


def main() -> int:
    if not executable():
        print("There is no Chromium on PATH: `apt-get install chromium`, or say where it is by CHROMIUM=…")
        return 2
    plugin = "pytest_playwright.pytest_playwright"
    asked = sys.argv[1:]
    where = [] if any(word.startswith("tests/") for word in asked) else ["tests/browser"]
    command = [sys.executable, "-m", "pytest", "-rs", "-p", plugin, *where, *asked]
    # Its own loop would have Django take this process for one that may not wait for a database.
    return subprocess.run(command, env=os.environ | {ASKED_FOR: "1"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

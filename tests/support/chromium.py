"""The browser of this machine, which nobody downloads: `python -m tests.support.chromium` ends with 0 where one is."""

import os
import shutil
import sys

# Set where the tests in a browser are to be collected.
ASKED_FOR = "TEST_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing that Chromium does by itself; as root, and in a container, its sandbox does not start.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


def executable() -> str:
    """Return the path of Chromium, where CHROMIUM says or on PATH; empty where there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")


if __name__ == "__main__":
    sys.exit(not executable())

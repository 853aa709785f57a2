"""`python -m tests.security.audit` asks whether what is installed fits together, and whether a weakness is known.

What can be held without a network is in test_requirements.py. Where no advisories can be had, that is said, and no
failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.support.servers import PYTHON, ROOT

RUNNING = ("run", "celery", "sqs", "actors", "django", "lambda")
AUDIT = [PYTHON, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--disable-pip", "--no-deps"]


def ask() -> dict[str, Any] | None:
    """Return what is known of all packages that run; None where nobody answers."""
    files = [word for name in RUNNING for word in ("-r", f"requirements/{name}.txt")]
    try:
        asked = subprocess.run([*AUDIT, *files], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
        answer: dict[str, Any] = json.loads(asked.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return answer


def judged(answer: dict[str, Any] | None) -> tuple[bool, list[str]]:
    """Return whether no weakness is known, and the lines that say so or name each."""
    packages = answer["dependencies"] if answer else []
    looked_at = [package for package in packages if "skip_reason" not in package]
    if not looked_at:
        return True, ["NOT RUN: known weaknesses of the pinned packages; no advisories can be had from here."]
    found = [
        f"{package['name']} {package['version']}: {weakness['id']}, mended in {' '.join(weakness['fix_versions'])}"
        for package in looked_at
        for weakness in package["vulns"]
    ]
    skipped = sorted({package["name"] for package in packages} - {package["name"] for package in looked_at})
    unknown = [f"NOT RUN for: {', '.join(skipped)}"] if skipped else []
    return not found, [*(found or [f"No weakness is known of {len(looked_at)} packages."]), *unknown]


def main() -> int:
    fits = subprocess.run([PYTHON, "-m", "pip", "check"], cwd=ROOT, check=False).returncode == 0
    is_well, lines = judged(ask())
    print("\n".join(lines))
    return 0 if fits and is_well else 1


if __name__ == "__main__":
    sys.exit(main())

"""An environment of its own for MiniStack and AWS's runtime client, made once in a cache.

Their many packages are no concern of the product's.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "devlog-aws"
REQUIREMENTS = Path(__file__).parent.parent.parent / "requirements" / "ministack.txt"


def python_with_ministack() -> Path:
    """Return the Python of an environment with what ministack.txt names; make it if there is none yet."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:8]
    folder = CACHE / f"venv-{sys.version_info.major}.{sys.version_info.minor}-{digest}"
    python = folder / "bin" / "python"
    if not (folder / ".installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*install, "--requirement", REQUIREMENTS], check=True)
        (folder / ".installed").touch()
    return python

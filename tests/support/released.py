"""The tree of the last release, as those run it who have not upgraded yet."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.servers import ROOT

# What `make release` tagged last, and the commit it stands for: a clone may come without tags.
VERSION, COMMIT = "v0.1.0", "0f9c3ff9a18c3add8da08ee18cc1278ed3155746"


def released_tree(directory: Path) -> Path:
    """Unpack the last release there, once; skip the test in a clone that does not reach back to it."""
    tree = directory / VERSION
    if not tree.exists():
        if not shutil.which("git"):
            pytest.skip(f"git, which unpacks {VERSION}, is not installed")
        packed = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, capture_output=True, check=False)
        if packed.returncode:
            pytest.skip(f"This clone does not reach back to {VERSION}: {packed.stderr.decode().strip()}")
        tree.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
            files.extractall(tree, filter="data")
    return tree

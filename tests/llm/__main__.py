"""`make test-llm`: the tests in this folder against a real model behind a real server on this machine.

    python -m tests.llm                          with a small model, downloaded once (0.5 GB)
    LLM_GGUF=model.gguf python -m tests.llm      with another one
    python -m tests.llm -k founding              further arguments go to pytest

Memory: 0.7 GB with the small model. Time: minutes; 142 entries of the gold set are most of it.
"""

from __future__ import annotations

import os
import platform
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from tests.llm.prepare import FOLDER, model_file, server_python
from tests.llm.server import READY

SLOTS = 2
TOKENS_A_SLOT = 4096
PATIENCE_SECONDS = 180


def main() -> int:
    model, python = model_file(), server_python()
    key = secrets.token_urlsafe(12)
    with tempfile.TemporaryFile("w+") as log:
        server = start(python, model, key, log)
        try:
            base_url = address(server, log) + "/v1"
            print(f"{model.stem} at {base_url} on {platform.machine()}, {os.cpu_count()} processors", flush=True)
            known = {"LLM_BASE_URL": base_url, "LLM_API_KEY": key, "LLM_MODEL": model.stem}
            tests = [sys.executable, "-m", "pytest", "-vv", "--durations=5", str(FOLDER), *sys.argv[1:]]
            return subprocess.run(tests, env={**os.environ, **known}, cwd=FOLDER.parent.parent).returncode
        finally:
            stop(server)


def start(python: Path, model: Path, key: str, log: IO[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, FOLDER / "server.py", model, str(SLOTS), str(TOKENS_A_SLOT)],
        # PASSIVE: threads that wait for each other must not take the processor from those they wait for.
        env={**os.environ, "LLM_API_KEY": key, "OMP_WAIT_POLICY": "PASSIVE"},
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
    )


def address(server: subprocess.Popen[str], log: IO[str]) -> str:
    """Wait until the server has loaded the model, and return where it listens."""
    began = time.monotonic()
    while server.poll() is None and time.monotonic() - began < PATIENCE_SECONDS:
        for line in said(log).splitlines():
            if line.startswith(READY):
                print(f"The model was loaded in {time.monotonic() - began:.0f} s.", flush=True)
                return line.removeprefix(READY)
        time.sleep(0.1)
    ended = f"ended with {server.returncode}" if server.returncode is not None else "loads the model for too long"
    sys.exit(f"{said(log)[-3000:]}\nThe model's server {ended}.")


def said(log: IO[str]) -> str:
    # Its own position: the server writes at the end of the same open file.
    return os.pread(log.fileno(), 1 << 20, 0).decode(errors="replace")


def stop(server: subprocess.Popen[str]) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())

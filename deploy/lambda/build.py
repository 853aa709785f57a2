"""Put together what the function's zip holds: the handler, the few files of `tagging` it needs, and their packages.

python deploy/lambda/build.py            for Lambda (arm64, Python 3.13), into deploy/lambda/build
python deploy/lambda/build.py --here DIR for this machine and this Python, as the tests run it
"""

from __future__ import annotations

import argparse
import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
LAMBDA = ["--platform", "manylinux2014_aarch64", "--python-version", "3.13", "--implementation", "cp"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("target", nargs="?", type=Path, default=FOLDER / "build")
    parser.add_argument("--here", action="store_true", help="packages for this machine instead of Lambda's")
    options = parser.parse_args()
    shutil.rmtree(options.target, ignore_errors=True)
    options.target.mkdir(parents=True)
    copy_code(options.target)
    install_packages(options.target, [] if options.here else LAMBDA)


def copy_code(target: Path) -> None:
    """Copy the handler, and of our own code what it imports: found, not listed, so that none is forgotten."""
    shutil.copy(FOLDER / "handler.py", target)
    for path in sorted(needed_by(FOLDER / "handler.py")):
        copy = target / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)


def install_packages(target: Path, platform: list[str]) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    pinned = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(ROOT / "requirements" / "lambda.txt")]
    subprocess.run([*pip, *platform, "--target", str(target), *pinned], check=True)  # noqa: S603 - our own words


def needed_by(path: Path) -> set[Path]:
    """Return the files of `tagging` that a file imports, at any depth."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        for imported in imports_of(waiting.pop()):
            if imported not in found:
                found.add(imported)
                waiting.append(imported)
    return found


def imports_of(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            yield from files_of(name)


def files_of(name: str) -> Iterator[Path]:
    """Yield the files that importing this name of ours runs: its packages' and its module's own."""
    place = ROOT
    for part in name.split(".") if name.startswith("tagging") else ():
        place = place / part
        if (place / "__init__.py").exists():
            yield place / "__init__.py"
        elif place.with_suffix(".py").exists():
            yield place.with_suffix(".py")


if __name__ == "__main__":
    main()

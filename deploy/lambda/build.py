"""Put together what the function's zip holds: the handler, the extractors, and the packages they need.

python deploy/lambda/build.py            for Lambda (arm64, Python 3.13), into deploy/lambda/build
python deploy/lambda/build.py --here DIR for this machine and this Python, as the tests run it
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
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
    shutil.copy(FOLDER / "handler.py", target)
    code = Path("tagging", "extraction")
    shutil.copytree(ROOT / code, target / code, ignore=shutil.ignore_patterns("__pycache__"))


def install_packages(target: Path, platform: list[str]) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    pinned = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(ROOT / "requirements" / "lambda.txt")]
    subprocess.run([*pip, *platform, "--target", str(target), *pinned], check=True)  # noqa: S603 - our own words


if __name__ == "__main__":
    main()

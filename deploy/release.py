"""`make release`: look whether this tree can be released, build what is handed out, and say what would be tagged.

It tags and pushes nothing. What it builds is in build/release: the source distribution, and the context that
`docker build` is sent.
"""

from __future__ import annotations

import fnmatch
import os
import re
import secrets
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "release"
LARGEST_CONTEXT = 20 * 2**20


def main() -> int:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    missing = []
    for name, check in CHECKS.items():
        faults = list(check(version))
        print("FAIL" if faults else "ok  ", name, flush=True)
        print(*(f"        {fault}" for fault in faults), sep="\n", end="\n" * bool(faults))
        missing += faults
    if missing:
        print(f"\n{version} cannot be released yet.")
        return 1
    print(f"\nWould tag v{version} at {git('rev-parse', '--short', 'HEAD')}:\n")
    print(f"    git tag --annotate v{version} --message 'Version {version}' && git push --follow-tags")
    print(f"    docker build --tag devlog:{version} .")
    print("\nThen put the commit into tests/support/released.py: the next version is tried beside this one.")
    return 0


def check_version(version: str) -> Iterator[str]:
    from devlog_project import VERSION  # slow import

    if version != VERSION:
        yield f"pyproject.toml says {version}, devlog_project {VERSION}."
    if git("tag", "--list", f"v{version}"):
        yield f"v{version} is tagged already: raise the version in pyproject.toml."


def check_tree(version: str) -> Iterator[str]:
    if changed := git("status", "--porcelain"):
        yield f"These are not committed: {', '.join(line[3:] for line in changed.splitlines()[:5])}."


def check_changelog(version: str) -> Iterator[str]:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", text, re.MULTILINE):
        yield f"CHANGELOG.md has no heading `## {version} (date)`."
    unreleased = re.search(r"^## Unreleased$(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    if unreleased and unreleased[1].strip():
        yield f"CHANGELOG.md still has something under Unreleased: move it to {version}."


def check_written(version: str) -> Iterator[str]:
    """The pages that are written from the code are as the code is: make would write them again."""
    for target in WRITTEN:
        made = subprocess.run(["make", target], cwd=ROOT, capture_output=True, text=True, check=False)
        if made.returncode:
            yield f"`make {target}` failed: {made.stderr.strip().splitlines()[-1:]}"
    if changed := git("status", "--porcelain", "docs"):
        yield f"Written anew and different: {', '.join(line[3:] for line in changed.splitlines())}. Commit them."


def check_deploy(version: str) -> Iterator[str]:
    environment = os.environ | {
        "DEBUG": "off",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "example.org",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    checked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if checked.returncode:
        yield checked.stderr.strip()


def build_sdist(version: str) -> Iterator[str]:
    command = [sys.executable, "-m", "build", "--sdist", "--outdir", str(BUILT), "."]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    name = f"devlog_service-{version}"
    if built.returncode:
        yield f"The source distribution could not be built: {(built.stderr or built.stdout).strip().splitlines()[-1:]}"
        return
    with tarfile.open(BUILT / f"{name}.tar.gz") as files:
        inside = set(files.getnames())
    for path in git("ls-files").splitlines():
        if f"{name}/{path}" not in inside and not path.startswith("."):
            yield f"{path} is not in the source distribution: see MANIFEST.in."
            return
    print(f"      {BUILT.relative_to(ROOT)}/{name}.tar.gz: {len(inside)} files")


def build_context(version: str) -> Iterator[str]:
    """Pack what .dockerignore lets through, as Docker's builder would get it."""
    BUILT.mkdir(parents=True, exist_ok=True)
    file = BUILT / f"context-{version}.tar"
    with tarfile.open(file, "w") as files:
        for path in context():
            files.add(path, path.relative_to(ROOT))
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for source in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.MULTILINE):
        for name in source.split():
            if not any(path.relative_to(ROOT).parts[0] == name for path in context()):
                yield f"The Dockerfile copies {name}, which .dockerignore keeps back."
    if file.stat().st_size > LARGEST_CONTEXT:
        yield f"{file.name} has {file.stat().st_size / 2**20:.0f} MB: something is in it that should not be."
    print(f"      {file.relative_to(ROOT)}: {file.stat().st_size / 2**20:.1f} MB")


def context() -> Iterable[Path]:
    """Return the files that .dockerignore lets through; its first line keeps all back, `!` lets in."""
    lines = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if not line.startswith("#")]
    kept_back = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    for name in (line[1:] for line in lines if line.startswith("!")):
        found = [ROOT / name] if (ROOT / name).is_file() else sorted((ROOT / name).rglob("*"))
        for path in found:
            if path.is_file() and not any(fnmatch.fnmatch(part, each) for part in path.parts for each in kept_back):
                yield path


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


WRITTEN = ("schema", "settings")
CHECKS = {
    "one version everywhere": check_version,
    "nothing uncommitted": check_tree,
    "the changelog tells of it": check_changelog,
    "contract and settings' page are current": check_written,
    "check --deploy is silent": check_deploy,
    "source distribution": build_sdist,
    "the image's build context": build_context,
}

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())

"""What `make release` looks at, in clones of this tree that are ready or not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from devlog_project import VERSION
from tests.support.servers import PYTHON, ROOT

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a clone with its history")
ALONE = "import sys; sys.path[:0] = ['.', 'deploy']; import release; print(list(release.{check}('{version}')))"


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A clone of what is committed here."""
    tree = tmp_path_factory.mktemp("release") / "tree"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tree)], check=True)
    return tree


def found(tree: Path, check: str, version: str = VERSION) -> str:
    """Return what one of the checks of deploy/release.py finds in a tree, as it prints it."""
    command = [PYTHON, "-c", ALONE.format(check=check, version=version)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_changelog(tree: Path, head: str) -> None:
    file = tree / "CHANGELOG.md"
    told = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"^## .*?(?=^## 0\.1\.0)", head, told, flags=re.DOTALL | re.MULTILINE), encoding="utf-8")


def test_a_version_that_is_not_that_of_the_code_is_no_release(tree):
    assert "pyproject.toml says 9.9.9" in found(tree, "check_version", "9.9.9")


def test_what_is_not_committed_is_no_release(tree):
    (tree / "left.txt").write_text("forgotten")

    assert "left.txt" in found(tree, "check_tree")

    (tree / "left.txt").unlink()
    assert found(tree, "check_tree") == "[]\n"


def test_the_changelog_must_have_a_dated_heading_of_the_version_and_nothing_unreleased(tree):
    write_changelog(tree, "## Unreleased\n\n- More.\n\n")
    assert "has no heading" in found(tree, "check_changelog")
    assert "still has something under Unreleased" in found(tree, "check_changelog")

    write_changelog(tree, f"## Unreleased\n\n## {VERSION} (2026-12-24)\n\n- More.\n\n")
    assert found(tree, "check_changelog") == "[]\n"


def test_the_image_is_sent_what_its_dockerfile_copies_and_no_more(tree):
    assert "context-" in found(tree, "build_context")

    (tree / ".dockerignore").write_text("*\n!manage.py\n")
    assert "The Dockerfile copies tagging" in found(tree, "build_context")


@pytest.mark.long
def test_the_source_distribution_holds_all_that_is_in_git_and_its_site_runs(tree, tmp_path):
    pytest.importorskip("build", reason="needs build, from requirements/dev.txt")
    packed = found(tree, "build_sdist")
    if "could not be built" in packed:
        pytest.skip("setuptools could not be fetched: no package index answers")
    assert packed.endswith("[]\n")

    archive = tree / "build" / "release" / f"devlog_service-{VERSION}.tar.gz"
    subprocess.run(["tar", "--extract", "--file", archive, "--directory", tmp_path], check=True)
    environment = {"SECRET_KEY": "only-for-tests", "DEBUG": "on", "PATH": "/usr/bin:/bin"}
    checked = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=tmp_path / f"devlog_service-{VERSION}",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "no issues" in checked.stdout, checked.stderr

"""Imports point one way, so that each part can be read, and replaced, by itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PURE = [str(path.relative_to(ROOT)) for path in (ROOT / "tagging" / "extraction").rglob("*.py")]


def imported_by(path: Path) -> set[str]:
    """Return the absolute names of what a file imports, `from a import b` as `a.b`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", PURE)
def test_what_runs_without_django_does_not_import_it(path):
    assert not {name for name in imported_by(ROOT / path) if name.split(".")[0] in ("django", "rest_framework")}


def test_a_management_command_does_not_pay_for_the_model_or_the_lexicon():
    code = "import django, sys; django.setup(); print([m for m in ('openai', 'httpx2') if m in sys.modules])"
    environment = {"DJANGO_SETTINGS_MODULE": "devlog_project.settings", "SECRET_KEY": "x", "OPENAI_API_KEY": "sk-x"}

    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60
    )

    assert result.stdout.strip() == "[]"

"""The examples of docs/http.md, run from top to bottom against a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.servers import ROOT
from tests.support.site import Site

pytestmark = pytest.mark.long

PAGE = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
# An example, and what it prints, or how that begins.
EXAMPLE = re.compile(r"^```(sh|python)\n(.*?)^```\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "-- the next example --"
MAKE_ALICE = (
    "from django.contrib.auth.models import User; User.objects.create_user('alice', password='only-for-tests')"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with Site(tmp_path_factory.mktemp("site"), DEBUG="off") as site:
        site.migrate()
        assert site.manage("shell", "-c", MAKE_ALICE).returncode == 0
        server = site.serve("gunicorn").wait_until_it_answers()
        yield f"http://127.0.0.1:{server.port}"


def printed(language: str, examples: list[str], address: str) -> list[str]:
    """Run these examples one after the other, in one shell or program; return what each printed."""
    say = f"echo '{MARK}'\n" if language == "sh" else f"print('{MARK}')\n"
    start = "set -euo pipefail\n" if language == "sh" else ""
    command = ["bash", "-c"] if language == "sh" else [sys.executable, "-c"]
    environment = os.environ | {"HOST": address, "NAME": "alice", "PASSWORD": "only-for-tests"}
    done = subprocess.run(
        [*command, start + say.join(examples)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return [part.strip() for part in done.stdout.split(MARK)]


def test_each_example_prints_what_the_page_says(address):
    found = EXAMPLE.findall(PAGE)

    assert len(found) == len(re.findall(r"^```(?:sh|python)$", PAGE, re.MULTILINE)) > 8
    # The shell's come first: what the others write must not be in their way.
    for language in ("sh", "python"):
        examples = [(code, says.strip()) for kind, code, says in found if kind == language]
        answers = printed(language, [code for code, _ in examples], address)
        for (code, says), answer in zip(examples, answers, strict=True):
            assert plain(answer).startswith(plain(says)), code


def plain(text: str) -> str:
    """Return a text without what varies: numbers and times."""
    return re.sub(r"\d+", "0", text)

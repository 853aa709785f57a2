"""The way of a dev-log from the POST to its tags, and what a command does not have to carry."""

import re
import subprocess
import sys

import pytest

from tagging import queues
from tagging.models import Job
from tests.support.entries import FOUNDING
from tests.support.servers import ROOT
from tests.support.tracing import files_entered
from tests.support.waiting import eventually


def way_in_the_readme() -> tuple[int, tuple[str, ...]]:
    """Return how many files it takes, and their rooms."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## The way of a dev-log\n(.*?)^## ", readme, re.DOTALL | re.MULTILINE)
    number = section and re.search(r"\b(\d+) files\b", section[1])
    assert number, "README does not say how many files the way takes."
    return int(number[1]), tuple(re.findall(r"^ {4}(\w[\w/.]*)", section[1], re.MULTILINE))


@pytest.mark.django_db(transaction=True)
def test_the_way_of_a_dev_log_is_as_short_as_the_readme_says(api):
    number, rooms = way_in_the_readme()

    for _ in range(2):  # the second time: what the first had to load is no part of the way
        worker = queues.transport().make_worker()
        with files_entered() as entered:
            worker.start()
            devlog = api.post("/api/v1/devlogs/", {"entry": FOUNDING}).json()["id"]
            eventually(lambda pk=devlog: Job.objects.get(pk=pk).state == "done", "the dev-log tagged")
            worker.stop(10)

    assert {path for path in entered if not path.startswith(rooms)} == set(), "README does not name their rooms."
    assert abs(len(entered) - number) <= 1, "\n".join(sorted(entered))


def test_a_management_command_does_not_pay_for_the_model_or_the_lexicon():
    code = "import django, sys; django.setup(); print([m for m in ('openai', 'httpx2') if m in sys.modules])"
    environment = {"DJANGO_SETTINGS_MODULE": "devlog_project.settings", "SECRET_KEY": "x", "OPENAI_API_KEY": "sk-x"}

    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60
    )

    assert result.stdout.strip() == "[]"

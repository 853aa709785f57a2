"""The contract as a file: what is in git is what is served, and a client can be made of it."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from devlog_project.api import schema
from tests.support.contract import contract
from tests.support.servers import ROOT
from tests.support.site import Site

COMMITTED = ROOT / "docs" / "openapi.yaml"
# Posts, waits and lists, with nothing but the client that was generated.
USE_THE_CLIENT = """
import sys
from devlog_service_client import Client
from devlog_service_client.api.devlogs import devlogs_create, devlogs_list, devlogs_retrieve
from devlog_service_client.models import DevLogRequest, State

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)
posted = devlogs_create.sync(client=client, body=DevLogRequest(entry="Wrote a Django view."))
while posted.tagging.state in (State.PENDING, State.RUNNING):
    posted = devlogs_retrieve.sync(posted.id, client=client)
listed = devlogs_list.sync(client=client, tag=["Django"])
print(posted.tagging.state, [tag.name for tag in posted.tags], [devlog.id == posted.id for devlog in listed.results])
"""


def test_the_contract_in_git_is_the_one_that_is_served():
    committed = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))

    assert committed == contract(), "Run `make schema`, and commit docs/openapi.yaml."


def test_every_operation_says_in_a_line_what_it_does():
    silent = [
        f"{method} {path}"
        for path, operations in schema.schema()["paths"].items()
        for method, operation in operations.items()
        if not operation.get("summary")
    ]

    assert silent == []


@pytest.mark.long
def test_a_client_generated_from_it_posts_waits_and_lists(tmp_path):
    generate = ["generate", "--path", str(COMMITTED), "--output-path", str(tmp_path / "client"), "--meta", "none"]
    tool = Path(sys.executable).with_name("openapi-python-client")
    config = tmp_path / "config.yaml"
    config.write_text("project_name_override: devlog-service-client\npackage_name_override: devlog_service_client\n")
    package = tmp_path / "devlog_service_client"
    generate[4] = str(package)
    made = subprocess.run([tool, *generate, "--config", config], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr

    with Site(tmp_path / "site") as site:
        site.migrate()
        server = site.serve("gunicorn")
        server.wait_until_it_answers()
        command = [sys.executable, "-c", USE_THE_CLIENT, f"http://127.0.0.1:{server.port}"]
        used = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    assert (used.stdout, used.stderr) == ("done ['Django'] [True]\n", "")

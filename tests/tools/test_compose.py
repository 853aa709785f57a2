"""compose.yaml and the Dockerfile: what they promise, and the services they start, started here without Docker.

That compose.yaml fits the official schema, and that the Dockerfile is clean, is for `make check`.
"""

import base64
import fnmatch
import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from devlog_project.conf.page import known_names
from tests.support.servers import PYTHON, ROOT, Server
from tests.support.site import Site
from tests.support.waiting import eventually

SECONDS = 60.0
TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
OWN_DATABASE = "devlog_compose"
SETTINGS = """
from django.conf import settings
print(settings.SECRET_KEY, settings.OPENAI_API_KEY, settings.DATABASES["default"]["PASSWORD"], sep="|")
"""


def filled_in(text: str) -> str:
    """Replace `${NAME:-default}` as Compose does where nothing is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


# -- what is promised ------------------------------------------------------------------------------------------------


def test_up_starts_the_database_the_migration_the_api_and_the_worker():
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {
        "postgres",
        "migrate",
        "api",
        "worker",
    }


def test_brokers_and_celery_wait_for_their_profile():
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}

    assert profiles == {"celery": ["celery"], "rabbitmq": ["rabbitmq"], "redis": ["redis"]}


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_hardened(name):
    service = SERVICES[name]

    assert service["user"] not in ("", "root", "0")
    assert (service["read_only"], service["cap_drop"], service["init"]) == (True, ["ALL"], True)
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert any(mount.startswith("/tmp") for mount in service["tmpfs"])


@pytest.mark.parametrize("name", OURS)
def test_locks_outlive_their_container_and_are_shared_by_all_that_work(name):
    lock_dir = SERVICES[name]["environment"]["TAGGING_LOCK_DIR"]

    assert f"locks:{lock_dir}" in SERVICES[name]["volumes"]
    assert "locks" in COMPOSE["volumes"]
    # A new volume takes its owner from the image's directory.
    assert re.search(rf"install --directory --owner=10001 .*{lock_dir}$", DOCKERFILE, re.MULTILINE)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_looked_after(name):
    service = SERVICES[name]
    is_one_shot = name == "migrate"

    assert service["restart"] == ("no" if is_one_shot else "unless-stopped")
    assert ("test" in service["healthcheck"]) != is_one_shot


@pytest.mark.parametrize("name", ["api", "worker"])
def test_work_begins_when_the_database_is_well_and_migrated(name):
    assert SERVICES[name]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_services_find_each_other_by_name():
    addresses = re.findall(
        r"\w+://(?:[^@\s/]*@)?([\w.]+)", json.dumps([s.get("environment") for s in SERVICES.values()])
    )

    # The API's own address, as a browser on this machine writes it, is no service's.
    assert set(addresses) == {"postgres", "127.0.0.1"}
    assert {s["environment"]["DATABASE_URL"] for s in SERVICES.values() if "build" in s} == {
        "postgres://devlog@postgres:5432/devlog"
    }
    assert "localhost" not in TEXT


def test_only_the_api_can_be_reached_and_only_from_this_machine():
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "api": ["127.0.0.1:${PORT:-8000}:8000"]
    }


def test_data_and_brokers_have_no_way_out():
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert {name for name in SERVICES if SERVICES[name]["networks"] == ["inside"]} == {
        "postgres",
        "migrate",
        "rabbitmq",
        "redis",
    }


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_by_file(name):
    service = SERVICES[name]
    secrets = {secret if isinstance(secret, str) else secret["source"] for secret in service.get("secrets", [])}
    environment = service.get("environment", {})
    by_file = {value for key, value in environment.items() if key.endswith("_FILE")}

    assert {key for key in environment if re.search(r"SECRET|PASSWORD|_KEY|TOKEN|BROKER_URL", key)} == {
        key for key in environment if key.endswith("_FILE")
    }
    assert by_file <= {f"/run/secrets/{secret}" for secret in secrets}
    assert secrets <= set(COMPOSE["secrets"])


def test_only_who_works_holds_the_key_of_the_model():
    assert {name for name, service in SERVICES.items() if "openai_api_key" in service["secrets"]} == {
        "worker",
        "celery",
    }


@pytest.mark.parametrize("name", OURS)
def test_each_variable_of_our_services_is_a_setting(name):
    assert set(SERVICES[name]["environment"]) - known_names() == set()


def test_the_image_runs_as_nobody_in_particular():
    users = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)

    assert users == ["10001:10001"]
    assert {SERVICES[name]["user"] for name in OURS} == set(users)


def test_the_image_installs_what_is_pinned_by_hash_and_compiles_nothing():
    assert "--require-hashes --only-binary :all:" in DOCKERFILE
    assert not re.search(r"\b(gcc|build-essential|python3-dev|libpq-dev)\b", DOCKERFILE)


@pytest.mark.parametrize("extra", ["", "celery", "sqs", "actors", "django"])
def test_the_image_installs_one_file_that_names_no_test_tool(extra):
    (option,) = re.findall(r'-r "(requirements/\$\{EXTRA:-run\}\.txt)"', DOCKERFILE)
    pinned = (ROOT / option.replace("${EXTRA:-run}", extra or "run")).read_text()

    assert re.findall(r"^(django|pytest\S*|ruff|mypy)==", pinned, re.MULTILINE) == ["django", "django"]


def test_the_image_says_how_it_fares_as_the_api_does():
    command = DOCKERFILE.partition("HEALTHCHECK")[2].partition("CMD ")[2].partition("]\n")[0] + "]"

    assert ["CMD", *json.loads(command.replace("\\\n", ""))] == SERVICES["api"]["healthcheck"]["test"]


@pytest.mark.parametrize("path", [".env", "db.sqlite3", "var/secrets/secret_key", ".git", "tests", ".venv"])
def test_what_the_image_must_not_hold_is_not_even_sent_to_the_builder(path):
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    let_in = [line[1:] for line in lines if line.startswith("!")]

    assert lines[0] == "*"
    assert not any(fnmatch.fnmatch(path, pattern) for pattern in let_in)


@pytest.mark.parametrize(
    "path", ["manage.py", "gunicorn.conf.py", "devlog_project", "devlogs", "tagging", "requirements"]
)
def test_what_the_image_copies_is_sent_to_the_builder(path):
    assert re.search(rf"^COPY .*\b{re.escape(path)}\b", DOCKERFILE, re.MULTILINE)
    assert f"!{path}" in (ROOT / ".dockerignore").read_text().splitlines()


# -- secrets by file -------------------------------------------------------------------------------------------------


def printed(**environment: str) -> subprocess.CompletedProcess[str]:
    """Print the secrets that the settings found, under this environment and no .env."""
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    ours = {"DJANGO_SETTINGS_MODULE": "devlog_project.settings", "SECRET_KEY": "", "OPENAI_API_KEY": ""}
    return subprocess.run(
        [PYTHON, "-c", SETTINGS],
        cwd=ROOT,
        env=inherited | ours | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def test_a_secret_may_be_a_file_and_its_last_newline_is_none_of_it(tmp_path):
    paths = {name: tmp_path / name for name in ("key", "sk", "password")}
    for name, path in paths.items():
        path.write_text(f"the {name}\n")

    result = printed(
        SECRET_KEY_FILE=str(paths["key"]),
        OPENAI_API_KEY_FILE=str(paths["sk"]),
        DATABASE_PASSWORD_FILE=str(paths["password"]),
        DATABASE_URL="postgres://devlog@postgres/devlog",
    )

    assert (result.stdout, result.stderr) == ("the key|the sk|the password\n", "")


def test_an_empty_file_is_no_secret(tmp_path):
    (tmp_path / "empty").touch()

    result = printed(SECRET_KEY="x", OPENAI_API_KEY_FILE=str(tmp_path / "empty"), DATABASE_URL="sqlite:///x")

    assert result.stdout == "x||\n"


@pytest.mark.parametrize(
    "environment, told",
    [
        ({"SECRET_KEY_FILE": "/nowhere/key"}, "SECRET_KEY_FILE: /nowhere/key cannot be read."),
        ({"SECRET_KEY_FILE": "/tmp"}, "SECRET_KEY_FILE: /tmp cannot be read."),
        ({"SECRET_KEY": "x", "SECRET_KEY_FILE": "/dev/null"}, "SECRET_KEY and SECRET_KEY_FILE are both set"),
        ({"SECRET_KEY_FILE": "/dev/null"}, "SECRET_KEY is not set."),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_with_its_name(environment, told):
    result = printed(**environment)

    assert (result.returncode, told in result.stderr) == (1, True), result.stderr


# -- the services, as processes --------------------------------------------------------------------------------------


class Composed:
    """The services of compose.yaml as processes of this machine: their commands and variables, its names and files."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.secrets = site.directory / "secrets"
        self.secrets.mkdir()
        for name in COMPOSE["secrets"]:
            (self.secrets / name).write_text("")
        (self.secrets / "secret_key").write_text("a secret of the composed services, long enough for everyone\n")
        (self.secrets / "broker_url").write_text("amqp://127.0.0.1//\n")
        (self.secrets / "database_password").write_text(f"{urlsplit(site.database_url).password or ''}\n")

    def environment(self, service: str) -> dict[str, str]:
        ours = {name: filled_in(value) for name, value in SERVICES[service]["environment"].items()}
        ours = {name: value.replace("/run/secrets", str(self.secrets)) for name, value in ours.items()}
        here = {
            # Its password is in the file.
            "DATABASE_URL": re.sub(r"(//[^:/@]*):[^@/]*@", r"\1@", self.site.database_url),
            "TAGGING_LOCK_DIR": str(self.site.lock_dir),
        }
        # Neither is the container's: it has no .env and no other variables.
        return {"DEBUG": "off", "SECRET_KEY": ""} | ours | here

    def command(self, service: str) -> list[str]:
        command = SERVICES[service].get("command") or json.loads(
            re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[-1]
        )
        return [PYTHON, *command[1:]] if command[0] == "python" else [PYTHON, "-m", *command]

    def run(self, service: str) -> None:
        done = self.site.run(self.command(service), **self.environment(service))
        assert done.returncode == 0, done.stderr

    def start(self, service: str, *arguments: str) -> Server:
        server = Server(self.site, [*self.command(service), *arguments], self.environment(service))
        self.site.servers.append(server)
        return server


@pytest.fixture
def database_url(tmp_path):
    """A database of our own: on the server of TEST_DATABASE_URL, or else a SQLite file."""
    server_url = os.environ.get("TEST_DATABASE_URL", "")
    if not server_url.startswith("postgres"):
        yield ""
        return
    import psycopg  # only where there is a PostgreSQL server

    name = f"{OWN_DATABASE}_{os.getpid()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")
@pytest.mark.long
def test_the_services_work_together_over_http(tmp_path, database_url):
    with Site(tmp_path / "site", database_url=database_url) as site:
        composed = Composed(site)
        composed.run("migrate")
        api = composed.start("api", "--bind=127.0.0.1:{port}")
        worker = composed.start("worker")
        api.wait_until_it_answers()
        made = site.run(
            [PYTHON, "manage.py", "createsuperuser", "--noinput", "--username=dev", "--email=dev@example.org"],
            **composed.environment("api"),
            DJANGO_SUPERUSER_PASSWORD="of a test",
        )
        assert made.returncode == 0, made.stderr
        name_and_password = base64.b64encode(b"dev:of a test").decode()
        token = api.request("POST", "/api/v1/auth/login/", Authorization=f"Basic {name_and_password}").json["token"]

        refused = api.request("POST", "/api/v1/devlogs/", {"entry": "Wrote a Django app."})
        taken = api.request(
            "POST", "/api/v1/devlogs/", {"entry": "Wrote a Django app."}, Authorization=f"Token {token}"
        )

        def done():
            shown = api.request("GET", f"/api/v1/devlogs/{taken.json['id']}/", Authorization=f"Token {token}").json
            return shown["tagging"]["state"] == "done" and shown

        assert (refused.status, taken.status, api.readiness()) == (401, 201, (200, "off"))
        assert [tag["name"] for tag in eventually(done, "the tags", SECONDS)["tags"]] == ["Django"]
        assert site.workers() == [worker.pid]

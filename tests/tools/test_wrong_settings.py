"""A wrong value ends the start, with a sentence that names its variable."""

import json
import os
import re
import subprocess

import pytest

from devlog_project.conf.page import GROUPS
from tests.support.servers import MANAGE, PYTHON, ROOT
from tests.support.site import Site
from tests.support.waiting import eventually

# Reads the settings anew under each of these environments, and prints what is said of it.
READ_ALL = """
import importlib, json, os, sys
import devlog_project.env
from django.core.exceptions import ImproperlyConfigured
from devlog_project.conf.page import known_names
names = known_names()
said = []
for environment in json.loads(sys.argv[1]):
    for name in names:
        os.environ.pop(name, None)
    os.environ.update({"SECRET_KEY": "x"} | environment)
    for module in [name for name in sys.modules if name.startswith(("devlog_project.conf", "devlog_project.sett"))]:
        del sys.modules[module]
    try:
        importlib.import_module("devlog_project.settings")
        said.append("")
    except ImproperlyConfigured as error:
        said.append(str(error))
print(json.dumps(said))
"""
NO_HOST = "is no host; write example.org, without https:// and port."
NO_ORIGIN = "is no origin; write https://host or http://host:port."
WRONG = [
    ({"DEBUG": "maybe"}, "DEBUG must be on or off."),
    ({"OPENAI_STORE": "perhaps"}, "OPENAI_STORE must be on, off or empty."),
    ({"SECRET_KEY": ""}, "SECRET_KEY is not set. For development run `make install`"),
    ({"SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY and SECRET_KEY_FILE are both set; unset one of them."),
    ({"OPENAI_API_KEY_FILE": "/nowhere"}, "OPENAI_API_KEY_FILE: /nowhere cannot be read."),
    ({"ALLOWED_HOSTS": "a.example,https://b.example"}, f"ALLOWED_HOSTS: https://b.example {NO_HOST}"),
    ({"ALLOWED_HOSTS": "a.example:8000"}, f"ALLOWED_HOSTS: a.example:8000 {NO_HOST}"),
    ({"ALLOWED_HOSTS": "*.example"}, f"ALLOWED_HOSTS: *.example {NO_HOST}"),
    ({"CSRF_TRUSTED_ORIGINS": "a.example"}, f"CSRF_TRUSTED_ORIGINS: a.example {NO_ORIGIN}"),
    ({"CSRF_TRUSTED_ORIGINS": "https://a.example/"}, f"CSRF_TRUSTED_ORIGINS: https://a.example/ {NO_ORIGIN}"),
    ({"CORS_ALLOWED_ORIGINS": "https://*.a.example"}, f"CORS_ALLOWED_ORIGINS: https://*.a.example {NO_ORIGIN}"),
    ({"SECURE_HSTS_SCOPE": "all"}, "SECURE_HSTS_SCOPE must be one of: host, subdomains, preload."),
    ({"SECURE_HSTS_SECONDS": "a year"}, "SECURE_HSTS_SECONDS must be a whole number from 0 to 2147483648."),
    ({"NUM_PROXIES": "101"}, "NUM_PROXIES must be a whole number from 0 to 100."),
    ({"API_TOKEN_DAYS": "-1"}, "API_TOKEN_DAYS must be a whole number from 0 to 36500."),
    ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be one of: DEBUG, INFO, WARNING, ERROR, CRITICAL."),
    ({"DATABASE_URL": "db.sqlite3"}, "DATABASE_URL must look like postgres://user@host/name or sqlite:////path"),
    ({"DATABASE_URL": "mysql://u@h/db"}, "DATABASE_URL must name SQLite or PostgreSQL"),
    ({"DATABASE_POOL_SIZE": "1"}, "DATABASE_POOL_SIZE must be a whole number from 2 to 2147483648."),
    ({"SQLITE_SYNCHRONOUS": "OFF"}, "SQLITE_SYNCHRONOUS must be one of: NORMAL, FULL."),
    ({"SIMULATION": "on", "OPENAI_API_KEY": "k"}, "SIMULATION and OPENAI_API_KEY are both set"),
    (
        {"OPENAI_BASE_URL": "localhost:11434/v1"},
        "OPENAI_BASE_URL is not an address: write it like http://host:port/v1.",
    ),
    ({"OPENAI_BASE_URL": "ftp://host"}, "OPENAI_BASE_URL is not an address: write it like http://host:port/v1."),
    ({"OPENAI_MODEL": " "}, "OPENAI_MODEL is empty: name one, or unset it for gpt-6-luna."),
    ({"OPENAI_MODEL": "m" * 101}, "OPENAI_MODEL is longer than 100 characters: it has 101."),
    ({"OPENAI_TIMEOUT_SECONDS": "0"}, "OPENAI_TIMEOUT_SECONDS must be a number from 1 to 2147483648."),
    ({"OPENAI_TIMEOUT_SECONDS": "1e300"}, "OPENAI_TIMEOUT_SECONDS must be a number from 1 to 2147483648."),
    ({"OPENAI_RESPONSE_FORMAT": "xml"}, "OPENAI_RESPONSE_FORMAT must be one of: json_schema, json_object, text."),
    ({"TAGGING_WORKER": "on"}, "TAGGING_WORKER must be one of: auto, off."),
    ({"TAGGING_EXTRACTOR": "openai"}, "TAGGING_EXTRACTOR is openai, but neither OPENAI_API_KEY nor OPENAI_BASE_URL"),
    (
        {"TAGGING_EXTRACTOR": "gpt"},
        "TAGGING_EXTRACTOR must be one of: openai, embedded, simulated, or the dotted path",
    ),
    ({"TAGGING_CONCURRENCY": "0"}, "TAGGING_CONCURRENCY must be a whole number from 1 to 256."),
    ({"TAGGING_CONCURRENCY": "2.5"}, "TAGGING_CONCURRENCY must be a whole number from 1 to 256."),
    ({"TAGGING_LEASE_SECONDS": "nan"}, "TAGGING_LEASE_SECONDS must be a number from 0.05 to 2147483648."),
    ({"TAGGING_TRANSPORT": "celry"}, "TAGGING_TRANSPORT must be one of: memory, celery, sqs, actors, django, or the"),
    ({"TAGGING_TRANSPORT": "sqs"}, "TAGGING_TRANSPORT is sqs: set TAGGING_SQS_QUEUE_URL to the queue's address."),
    ({"TAGGING_SQS_QUEUE_URL": "devlogs"}, "TAGGING_SQS_QUEUE_URL is not an address: write it like https://sqs."),
    ({"TAGGING_BROKER_URL": "localhost:5672"}, "TAGGING_BROKER_URL must look like amqp://user:password@host// or"),
    ({"TAGGING_BROKER_QUEUE": " "}, "TAGGING_BROKER_QUEUE is empty: name one, or unset it for devlogs."),
    ({"TAGGING_RESULTS_TOKEN": "short"}, "TAGGING_RESULTS_TOKEN is too short; take at least 20 random characters."),
    ({"TAGGING_SIMULATED_FAILURE_RATE": "2"}, "TAGGING_SIMULATED_FAILURE_RATE must be a number from 0 to 1."),
]
RIGHT = [
    {},
    {"ALLOWED_HOSTS": "a.example, .b.example,*, 127.0.0.1,[::1], A-1.example"},
    {"CSRF_TRUSTED_ORIGINS": "https://*.a.example, http://127.0.0.1:8000"},
    {"OPENAI_STORE": "", "OPENAI_REASONING_EFFORT": "", "OPENAI_BASE_URL": "", "DATABASE_URL": ""},
    {"TAGGING_TRANSPORT": "of.your.Own", "TAGGING_EXTRACTOR": "own.Extractor"},
    {"TAGGING_BROKER_URL": "rediss://:pass@host:6379/0"},
    {"TAGGING_SIMULATED_MOD": "1000000000039"},
]
WITH_BOUNDS = [one for env in GROUPS for one in env.settings if re.match(r"number|whole", one.takes)]


def said_of(environments: list[dict[str, str]]) -> list[str]:
    """Return what is said of each environment; empty where all is well."""
    done = subprocess.run(
        [PYTHON, "-c", READ_ALL, json.dumps(environments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def sentences() -> dict[str, str]:
    environments = [environment for environment, _ in WRONG]
    return dict(zip(map(str, environments), said_of(environments), strict=True))


@pytest.mark.parametrize(("environment", "sentence"), WRONG, ids=[str(environment)[:60] for environment, _ in WRONG])
def test_a_wrong_value_is_told_with_its_variable(sentences, environment, sentence):
    if "sqs" in environment.values():
        pytest.importorskip("boto3", reason="needs boto3, from requirements/sqs.txt")
    assert sentences[str(environment)].startswith(sentence)


def test_what_is_right_starts():
    assert said_of(RIGHT) == [""] * len(RIGHT)


def test_each_number_has_bounds_that_are_told():
    said = said_of([{one.name: "-1"} for one in WITH_BOUNDS])

    assert [one.name for one, words in zip(WITH_BOUNDS, said, strict=True) if one.name not in words] == []


def test_no_sentence_repeats_what_may_be_secret():
    secret = "of-nobody"
    said = said_of([{"DATABASE_URL": secret}, {"TAGGING_BROKER_URL": secret}, {"OPENAI_BASE_URL": f"u:{secret}@h"}])

    assert [secret in words for words in said] == [False, False, False]
    assert all(said)


# -- real processes --------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path):
    with Site(tmp_path) as site:
        yield site


@pytest.mark.parametrize("command", ["check", "runserver --noreload", "run_worker", "doctor"])
def test_a_command_says_the_sentence_and_nothing_else(site, command):
    ended = site.manage(*command.split(), OPENAI_BASE_URL="nowhere")

    assert (ended.returncode, ended.stderr) == (
        1,
        "Error: OPENAI_BASE_URL is not an address: write it like http://host:port/v1.\n",
    )


REFUSED = [
    ({"TAGGING_CONCURRENCY": "none"}, "TAGGING_CONCURRENCY must be a whole number from 1 to 256."),
    ({"DEBUG": "off", "ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is empty: set it to the names"),
    ({"TAGGING_TRANSPORT": "no.such.Transport"}, "TAGGING_TRANSPORT cannot be imported: No module named 'no'. Set"),
    ({"TAGGING_LOCK_DIR": "/proc/nowhere"}, "set TAGGING_LOCK_DIR to a directory of your own."),
]


@pytest.mark.parametrize(("environment", "sentence"), REFUSED)
@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_a_server_does_not_start_and_says_why(site, server, environment, sentence):
    started = site.serve(server, **environment)

    assert started.wait_until_it_ended() not in (0, None)
    assert sentence in started.log()


def test_a_stop_longer_than_gunicorn_waits_ends_the_start(site):
    started = site.serve("gunicorn", "--graceful-timeout", "12", TAGGING_SHUTDOWN_SECONDS="10")

    assert started.wait_until_it_ended() not in (0, None)
    assert (
        "gunicorn kills a process 12 s after it was asked to end, and the worker's end may take 15 s" in started.log()
    )


@pytest.mark.parametrize("environment", [{"TAGGING_WORKER": "off"}, {"TAGGING_TRANSPORT": "celery"}])
def test_what_has_no_worker_has_no_stop_to_wait_for(site, environment):
    if "celery" in environment.values():
        pytest.importorskip("celery", reason="needs celery, from requirements/celery.txt")
    site.serve("gunicorn", "--graceful-timeout", "12", **environment).wait_until_it_answers()


def test_a_server_logs_what_it_only_warns_of_and_starts(site):
    odd = {"TAGGING_CONCURENCY": "3", "NUM_PROXIES": "2", "TAGGING_EXTRACTOR": "no.such.Extractor"}
    started = site.serve("gunicorn", **odd).wait_until_it_answers()

    assert "ERROR devlog_project.ops.starting TAGGING_EXTRACTOR cannot be imported: No module" in started.log()
    assert "TAGGING_CONCURENCY is read by nobody. Did you mean TAGGING_CONCURRENCY? (devlog.W001)" in started.log()
    assert "NUM_PROXIES names proxies, and BEHIND_PROXY is off" in started.log()


def test_gunicorn_warns_of_debug_where_other_machines_reach_it(site):
    started = site.serve("gunicorn", "--bind", "0.0.0.0:0").wait_until_it_answers()

    eventually(lambda: "DEBUG is on and other machines reach this server" in started.log(), "the warning")


def test_gunicorn_leaves_no_socket_by_which_it_is_steered(site, tmp_path):
    site.serve("gunicorn", HOME=str(tmp_path), XDG_RUNTIME_DIR=str(tmp_path)).wait_until_it_answers()

    assert list(tmp_path.rglob("*.ctl")) == []


def test_production_with_sane_settings_has_nothing_to_warn_of():
    environment = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "".join(chr(33 + number) for number in range(60)),
        "DEBUG": "off",
        "ALLOWED_HOSTS": "devlogs.example.org",
        "BEHIND_PROXY": "on",
        "DATABASE_URL": "",
        "OPENAI_API_KEY": "",
        "OPENAI_BASE_URL": "",
        "SIMULATION": "off",
    }
    command = [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "0 silenced" not in done.stdout  # that HSTS is for this host alone is a decision, not an oversight

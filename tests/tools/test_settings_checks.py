"""Settings that are dangerous beside each other, and variables that nobody reads, are warned of with the way out."""

import pytest
from django.core.checks import run_checks

from devlog_project.ops import checks
from devlog_project.ops.checks import binds_beyond, network_file_system, unread_variables

pytestmark = pytest.mark.django_db  # Django 6.1's own checks ask the database


def said(number: str) -> list[str]:
    """Return what this check says, each time with the way out."""
    messages = [message for message in run_checks() if message.id == f"devlog.{number}"]
    assert all(message.hint for message in messages)
    return [message.msg for message in messages]


# -- variables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TAGGING_CONCURENCY", "TAGGING_CONCURRENCY"),
        ("OPENAI_MODLE", "OPENAI_MODEL"),
        ("ALLOWED_HOST", "ALLOWED_HOSTS"),
        ("OPENAI_APIKEY", "OPENAI_API_KEY"),
        ("DATABASE_PASSWORD_FIEL", "DATABASE_PASSWORD_FILE"),
        ("openai_model", "OPENAI_MODEL"),
        ("TAGGING_COLOUR", ""),  # no other program's, and like none of ours
    ],
)
def test_a_variable_that_looks_like_ours_and_is_read_by_nobody_is_told_with_what_it_may_mean(name, meant):
    assert unread_variables({name: "1"}) == {name: meant}


FOREIGN = [
    *("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_LOG", "OPENAI_ORGANIZATION", "OPENAI_WEBHOOK_SECRET"),
    *("DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER", "SECRET", "HOSTNAME", "LOG_FILE", "LOG_FORMAT", "PORT"),
    # As Kubernetes names a service that is called so.
    *("TAGGING_SERVICE_HOST", "TAGGING_PORT", "TAGGING_PORT_80_TCP_ADDR", "DATABASE_PORT_5432_TCP"),
    *("DEBUGINFOD_URLS", "PYTHONDEBUG", "DJANGO_SETTINGS_MODULE", "DJANGO_SUPERUSER_PASSWORD", "AWS_REGION"),
    *("SSL_CERT_FILE", "HTTPS_PROXY", "WEB_CONCURRENCY", "GUNICORN_CMD_ARGS", "TEST_DATABASE_URL", "SQLITE_TMPDIR"),
]


@pytest.mark.parametrize("name", FOREIGN)
def test_what_others_read_is_none_of_ours(name):
    assert unread_variables({name: "1"}) == {}


def test_an_empty_variable_is_none():
    assert unread_variables({"TAGGING_CONCURENCY": ""}) == {}


def test_our_own_names_are_read():
    assert unread_variables(dict.fromkeys(["SECRET_KEY_FILE", "TAGGING_WORKER", "DEBUG"], "1")) == {}


def test_the_check_looks_at_the_environment(monkeypatch):
    monkeypatch.setenv("TAGGING_CONCURENCY", "3")

    assert said("W001") == ["TAGGING_CONCURENCY is read by nobody."]


# -- combinations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("debug", "hosts", "count"),
    [
        (True, ["devlogs.example.org"], 1),
        (True, ["localhost", "*"], 1),
        (True, ["127.0.0.1", "localhost", "[::1]", ".localhost"], 0),
        (True, [], 0),
        (False, ["devlogs.example.org"], 0),
    ],
)
def test_debug_under_a_name_that_others_know_is_told(settings, debug, hosts, count):
    settings.DEBUG, settings.ALLOWED_HOSTS = debug, hosts

    assert len(said("W002")) == count


@pytest.mark.parametrize(
    ("arguments", "is_beyond"),
    [
        (["runserver", "0.0.0.0:8000"], True),
        (["runserver", "--noreload", "0:8000"], True),
        (["runserver", "[::]:8000"], True),
        (["runserver", "192.0.2.1:8000"], True),
        (["runserver", "127.0.0.1:8000"], False),
        (["runserver", "8000"], False),
        (["runserver"], False),
        (["check", "0.0.0.0:8000"], False),
    ],
)
def test_a_runserver_that_others_reach_is_known(arguments, is_beyond):
    assert binds_beyond(["manage.py", *arguments]) is is_beyond


@pytest.mark.parametrize(
    ("behind", "count", "told"),
    [(False, 1, "NUM_PROXIES names"), (True, 0, "BEHIND_PROXY is on"), (True, 2, ""), (False, 0, "")],
)
def test_proxies_that_one_setting_knows_and_the_other_does_not_are_told(settings, behind, count, told):
    settings.BEHIND_PROXY = behind
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": count}

    assert [words[: len(told)] for words in said("W003")] == [told] * bool(told)


def test_made_up_tags_are_told_unless_they_are_wanted(settings):
    settings.TAGGING_EXTRACTOR = settings.EXTRACTORS["simulated"]
    assert len(said("W004")) == 1

    settings.SIMULATION = True
    assert said("W004") == []


MOUNTS = r"""
/dev/sda1 / ext4 rw 0 0
server:/data /srv nfs4 rw 0 0
/dev/sdb1 /srv/fast xfs rw 0 0
//nas/share /mnt/my\040share cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/db.sqlite3", "nfs4"),
        ("/srv/fast/db.sqlite3", ""),
        ("/mnt/my share/db.sqlite3", "cifs"),
        ("/home/db.sqlite3", ""),
        ("/srvx/db.sqlite3", ""),
    ],
)
def test_a_network_file_system_is_known_by_where_it_is_mounted(path, kind):
    assert network_file_system(checks.Path(path), MOUNTS) == kind


def test_sqlite_on_a_network_is_told(settings, monkeypatch, tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("server:/data / nfs rw 0 0\n")
    monkeypatch.setattr(checks, "MOUNTS", mounts)
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "devlog_project.sqlite")

    assert said("W005") == ["SQLite's file lies on a network (nfs): it may be spoilt."]


def test_a_lambda_whose_results_nobody_lets_in_is_told(settings):
    settings.TAGGING_TRANSPORT, settings.TAGGING_SQS_CONSUMER = settings.TRANSPORTS["sqs"], "lambda"
    assert len(said("W006")) == 1

    settings.TAGGING_RESULTS_TOKEN = "of twenty letters, or more"
    assert said("W006") == []


def test_the_defaults_have_nothing_to_say():
    assert [message.msg for message in run_checks() if message.id.startswith("devlog.")] == []

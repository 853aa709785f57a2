"""Values of the environment are taken as they are; what cannot be read is told with its name and without its value."""

import json
import os
import subprocess

import pytest
from django.core.exceptions import ImproperlyConfigured

from devlog_project.conf.database import parts_of
from devlog_project.env import Env, read_file
from tests.support.servers import PYTHON, ROOT

env = Env()
SHOWN = """
import json
from django.conf import settings
names = ["SECRET_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "ALLOWED_HOSTS", "TAGGING_BROKER_URL"]
print(json.dumps({name: getattr(settings, name) for name in names} | settings.DATABASES["default"], default=str))
"""


def settings_under(**environment: str) -> dict:
    """Return what the settings become, under this environment and no .env."""
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    ours = {"DJANGO_SETTINGS_MODULE": "devlog_project.settings", "SECRET_KEY": "x", "DATABASE_URL": "", "DEBUG": ""}
    done = subprocess.run(
        [PYTHON, "-c", SHOWN],
        cwd=ROOT,
        env=inherited | ours | {"DEBUG": "off"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_dollar_means_nothing():
    shown = settings_under(
        SECRET_KEY="$HOME", OPENAI_API_KEY="$sk", DATABASE_URL="postgres://u@h/db", DATABASE_PASSWORD="$$pw#%41\"'"
    )

    assert (shown["SECRET_KEY"], shown["OPENAI_API_KEY"], shown["PASSWORD"]) == ("$HOME", "$sk", "$$pw#%41\"'")


def test_blanks_and_line_breaks_around_keys_addresses_and_names_are_none_of_them():
    shown = settings_under(
        OPENAI_API_KEY=" sk-1\r\n",
        OPENAI_BASE_URL="http://model:1/v1\n",
        OPENAI_MODEL="local\n",
        ALLOWED_HOSTS="a.example, b.example,\n",
        TAGGING_BROKER_URL="redis://h\n",
        DATABASE_URL="postgres://u@h/db\n",
        DATABASE_PASSWORD="pw\n",
        DEBUG="off\n",
        TAGGING_CONCURRENCY="4\n",
        LOG_LEVEL="INFO\n",
    )

    assert (shown["OPENAI_API_KEY"], shown["OPENAI_BASE_URL"], shown["OPENAI_MODEL"]) == (
        "sk-1",
        "http://model:1/v1",
        "local",
    )
    assert shown["ALLOWED_HOSTS"] == ["a.example", "b.example"]
    assert (shown["TAGGING_BROKER_URL"], shown["NAME"], shown["PASSWORD"]) == ("redis://h", "db", "pw")


def test_blanks_that_may_be_meant_stay():
    shown = settings_under(SECRET_KEY=" key \n", DATABASE_URL="postgres://u@h/db", DATABASE_PASSWORD=" pw ")

    assert (shown["SECRET_KEY"], shown["PASSWORD"]) == (" key \n", " pw ")


def test_of_a_file_only_the_line_break_at_its_end_and_a_byte_order_mark_are_none_of_the_secret(monkeypatch, tmp_path):
    (tmp_path / "secret").write_bytes("\ufeff pw #1 \r\n".encode())
    monkeypatch.setenv("PW_FILE", f"{tmp_path / 'secret'}\n")

    assert (env.secret("PW", "a word", is_exact=True), env.secret("PW", "a word")) == (" pw #1 ", "pw #1")


@pytest.mark.parametrize(("value", "number"), [("1e3", 1000), (" 2.5\n", 2.5), ("7", 7)])
def test_a_number_is_what_python_takes_for_one(monkeypatch, value, number):
    monkeypatch.setenv("SOME", value)

    assert env.number("SOME", 1, "some") == number


@pytest.mark.parametrize("value", ["10 s", "1,5", "12abc", "inf", "nan", "", "1 000"])
def test_what_only_holds_a_number_is_none(monkeypatch, value):
    monkeypatch.setenv("SOME", value)

    with pytest.raises(ImproperlyConfigured, match="SOME must be a whole number"):
        env.whole("SOME", 1, "some")


# -- .env ------------------------------------------------------------------------------------------------------------


def read(monkeypatch, tmp_path, content: bytes) -> dict[str, str]:
    """Read a .env of this content and return the variables A to E."""
    (tmp_path / ".env").write_bytes(content)
    for name in "ABCDE":
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)
    read_file(tmp_path / ".env")
    return {name: os.environ[name] for name in "ABCDE" if name in os.environ}


def test_a_file_written_on_windows_is_read(monkeypatch, tmp_path):
    content = '\ufeffA=1\r\n\r\n# a comment\r\nexport  B=$x #y\r\n  C = \'a b \'\r\nD="x\\"y"\r\nE=\r\n'.encode()

    assert read(monkeypatch, tmp_path, content) == {"A": "1", "B": "$x #y", "C": "a b ", "D": 'x"y', "E": ""}


def test_what_is_set_already_stays(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("A=of the file")
    monkeypatch.setenv("A", "set")

    read_file(tmp_path / ".env")

    assert os.environ["A"] == "set"


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"A=1\nOPENAI_API_KEY: sk-secret\n", "line 2: write NAME=value"), ("A=sk-secret".encode("utf-16"), "UTF-8")],
)
def test_a_file_that_cannot_be_read_is_told_without_what_it_says(monkeypatch, tmp_path, content, told):
    with pytest.raises(ImproperlyConfigured) as raised:
        read(monkeypatch, tmp_path, content)

    assert told in str(raised.value)
    assert "secret" not in str(raised.value)


def test_no_file_is_no_error(tmp_path):
    read_file(tmp_path / ".env")


# -- DATABASE_URL ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password", ["p@ss", "p:ss", "p$s", "$ss", "p#ss", "p%ss", "p&=;ss", "p ss", "p[s]s", "pä", "p@s:s@"]
)
def test_a_password_in_the_address_is_taken_as_it_is(password):
    config = parts_of(f"postgres://user:{password}@host:5432/db?sslmode=require")

    assert (config["USER"], config["PASSWORD"], config["HOST"], config["NAME"]) == ("user", password, "host", "db")
    assert config["OPTIONS"] == {"sslmode": "require"}


def test_a_password_may_be_written_in_percents():
    assert parts_of("postgres://u:%40%2F%23%25%3F@h/db")["PASSWORD"] == "@/#%?"


@pytest.mark.parametrize(
    "password", ["se/cret", "12/secret", "se?cret", "1?secret", "se@x/cret", "s@h?ecret", "se\tcret"]
)
def test_a_password_that_cannot_be_read_is_told_with_the_way_out_and_not_shown(password):
    with pytest.raises(
        ImproperlyConfigured, match=r"as %XX.* Or leave the password out, and set DATABASE_PASSWORD"
    ) as raised:
        parts_of(f"postgres://user:{password}@host/db")

    assert "cret" not in str(raised.value)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    "url", ["u:secret@h/db", "//u:secret@h/db", "sqlite://u:secret@h/db", "sqlite://db.sqlite3", "sqlite:////a#b", "x"]
)
@pytest.mark.filterwarnings("error")
def test_what_is_no_address_of_a_database_is_told_and_not_shown(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must look like") as raised:
        parts_of(url)

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////a@b/db.sqlite3", "/a@b/db.sqlite3"),
        ("sqlite:///db.sqlite3", "db.sqlite3"),
        ("sqlite://:memory:", ":memory:"),
        ("postgres:///db?host=/run/pg", "db"),
        ("postgres://h/db?application_name=a@b", "db"),
        ("postgres://u:p@[::1]:5432/db", "db"),
        ("POSTGRESQL://u:p@a:1,b:2/db", "db"),
    ],
)
def test_other_addresses_are_read_as_ever(url, name):
    assert parts_of(url)["NAME"] == name

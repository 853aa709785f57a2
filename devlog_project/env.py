"""Read settings from the environment, and name the variable that is wrong."""

import io
import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
WORDS = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
# As browsers send it: in small letters, and without a path or a slash at the end.
ORIGIN = re.compile(r"https?://[a-z0-9_.\-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
# Of a line in .env: what comes before the value.
ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z_0-9]*)\s*=\s*")


class Env:
    """The environment, whose values are taken as they are: a `$` or a `#` means nothing.

    Blanks and line breaks around a value are none of it, except of a secret where they may be meant.
    """

    def text(self, name: str, default: str = "", at_most: int | None = None) -> str:
        """Return the text; `at_most` characters of it may there be."""
        value = os.environ.get(name, default).strip()
        if at_most and len(value) > at_most:
            raise ImproperlyConfigured(f"{name} is longer than {at_most:,} characters: it has {len(value):,}.")
        return value

    def names(self, name: str) -> list[str]:
        """Return what stands between the commas."""
        return [item.strip() for item in self.text(name).split(",") if item.strip()]

    def origins(self, name: str) -> list[str]:
        """Return the origins of web pages that stand between the commas."""
        for origin in (origins := self.names(name)):
            if not ORIGIN.fullmatch(origin):
                raise ImproperlyConfigured(f"{name}: {origin} is no origin; write https://host or http://host:port.")
        return origins

    def secret(self, name: str, *, is_exact: bool = False) -> str:
        """Return the secret in the variable, or in the file that SECRET_KEY_FILE names, as Docker mounts secrets.

        Empty if there is none. is_exact: blanks are part of it, and only the line break at the end of a file is not.
        """
        value, path = os.environ.get(name, ""), self.text(f"{name}_FILE")
        if value and path:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; unset one of them.")
        if path:
            try:
                value = Path(path).read_text(encoding="utf-8-sig").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read.") from error
        return value if is_exact else value.strip()

    def switch(self, name: str, default: bool) -> bool:
        """Return on or off; a word that is neither is an error, not off."""
        value = self.text(name, "on" if default else "off").lower()
        if value not in WORDS:
            raise ImproperlyConfigured(f"{name} must be on or off.")
        return WORDS[value]

    def whole(self, name: str, default: int, at_least: int = 0, at_most: int = 2**31) -> int:
        """Return a whole number."""
        value = self.number(name, default, at_least)
        if value != int(value) or value > at_most:
            raise ImproperlyConfigured(f"{name} must be a whole number, at most {at_most}.")
        return int(value)

    def number(self, name: str, default: float, at_least: float = 0) -> float:
        """Return a number."""
        try:
            value = float(self.text(name, str(default)))
            if not math.isfinite(value):
                raise ValueError(value)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a number.") from error
        if value < at_least:
            raise ImproperlyConfigured(f"{name} must be at least {at_least:g}.")
        return value

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """Return one of the allowed words."""
        value = self.text(name, default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of: {', '.join(allowed)}.")
        return value


def read_file(path: Path) -> None:
    """Set the variables of this file that are not set already; say which line is none, without what it says."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{path} cannot be read: it must be a file in UTF-8, readable to us.") from error
    lines = [line.lstrip().rstrip("\r") for line in text.split("\n")]
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            if not (found := ASSIGNMENT.match(line)):
                raise ImproperlyConfigured(f"{path}, line {number + 1}: write NAME=value, or # before a comment.")
            lines[number] = f"{found[1]}={line[found.end() :]}"
    environ.Env.read_env(io.StringIO("\n".join(lines)))


env = Env()
read_file(BASE_DIR / ".env")


def parts_of(url: str) -> dict[str, Any]:
    """Return Django's settings for the database at this URL, as far as it says them.

    An error names the way out, and nothing of the URL, which holds a password.
    """
    scheme, _, rest = url.partition("://")
    if not rest or scheme.lower() not in environ.Env.DB_SCHEMES:
        raise ImproperlyConfigured("DATABASE_URL must look like postgres://user@host/name or sqlite:////path/to/file.")
    before_query, _, query = rest.partition("?")
    if scheme.lower() == "sqlite" and ("#" in rest or (rest[0] != "/" and rest != ":memory:")):
        raise ImproperlyConfigured("DATABASE_URL must look like sqlite:////path/to/file, with # written as %23.")
    try:
        if re.search(r"[\x00-\x1f\x7f]", url):
            raise ValueError("a control character")
        config: dict[str, Any] = environ.Env.db_url_config(url)
        authority = re.split("[/#]", before_query)[0]
        is_torn = "@" in before_query[len(authority) :] or ("@" in query and not config["NAME"])
        is_mended = unquote(rest.rpartition("@")[0]) == f"{config.get('USER')}:{config.get('PASSWORD')}"
        # An @ after the host: the password holds what ends a host.
        if scheme.lower() != "sqlite" and is_torn and not is_mended:
            raise ValueError("a password in parts")
    except ValueError:
        raise ImproperlyConfigured(
            "DATABASE_URL cannot be read. Write what is no letter and no digit in its user, password and name as %XX: "
            "@ as %40, / as %2F, # as %23, % as %25. Or leave the password out, and set DATABASE_PASSWORD to it."
        ) from None
    return config


def database(url: str, *, password: str, synchronous: str, pool_size: Callable[[], int]) -> dict[str, Any]:
    """Return Django's settings for the database at this URL, with the options that its engine needs here.

    synchronous: of SQLite; pool_size: asked for PostgreSQL alone.
    """
    config = parts_of(url)
    config["PASSWORD"] = config.get("PASSWORD") or password
    if config["ENGINE"].endswith("sqlite3"):
        config["ENGINE"] = "devlog_project.sqlite"
        if config["NAME"] != ":memory:":  # the same file from whatever directory a command is started
            config["NAME"] = str(BASE_DIR / config["NAME"])
        # Read-then-write transactions fail at once under threads unless they begin IMMEDIATE.
        config["OPTIONS"] = config.get("OPTIONS", {}) | {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; "
            # What a long read made the log grow to is given back to the disk.
            f"PRAGMA journal_size_limit={64 * 2**20};",
        }
        # An in-memory test database fails under threads, a file does not.
        config["TEST"] = {"NAME": f"{config['NAME']}.test"}
    elif config["ENGINE"].endswith("postgresql"):
        config["ENGINE"] = "devlog_project.postgresql"
        # A pool serves threads that come and go (ASGI, runserver) as well as those that stay.
        pool = {"min_size": 1, "max_size": pool_size(), "timeout": 3, "reconnect_timeout": 1}
        # A server that is cut off is noticed within seconds, not when TCP gives up; the URL may say otherwise.
        noticed = {"connect_timeout": 3, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
        config["OPTIONS"] = noticed | {"tcp_user_timeout": 20_000} | config.get("OPTIONS", {}) | {"pool": pool}
        # A directory of sockets stands in a URL as %2Frun%2Fpostgresql.
        config["HOST"] = unquote(config["HOST"])
    else:
        raise ImproperlyConfigured("DATABASE_URL must name SQLite or PostgreSQL: others cannot claim as we do.")
    return config

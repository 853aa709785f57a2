"""The database."""

import re
from typing import Any
from urllib.parse import unquote

import environ
from django.core.exceptions import ImproperlyConfigured

from devlog_project.conf.simulation import SIMULATION
from devlog_project.env import BASE_DIR, Env

env = Env("The database")


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


def database(url: str, *, password: str, synchronous: str, pool_size: int) -> dict[str, Any]:
    """Return Django's settings for the database at this URL, with the options that its engine needs here.

    synchronous: of SQLite; pool_size: of PostgreSQL.
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
            # Of each thread's connection. Python's own 128 made a process of 16 threads grow by 100 MB in an hour.
            "cached_statements": 32,
            "transaction_mode": "IMMEDIATE",
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; "
            # What a long read made the log grow to is given back to the disk; it is 4 MB in everyday traffic.
            f"PRAGMA journal_size_limit={16 * 2**20}; "
            # What is deleted is overwritten in the file, as it is by default where Debian built SQLite.
            "PRAGMA secure_delete=ON;",
        }
        # An in-memory test database fails under threads, a file does not.
        config["TEST"] = {"NAME": f"{config['NAME']}.test"}
    elif config["ENGINE"].endswith("postgresql"):
        config["ENGINE"] = "devlog_project.postgresql"
        # A pool serves threads that come and go (ASGI, runserver) as well as those that stay.
        pool = {"min_size": 1, "max_size": pool_size, "timeout": 3, "reconnect_timeout": 1}
        # A server that is cut off is noticed within seconds, not when TCP gives up; the URL may say otherwise.
        noticed = {"connect_timeout": 3, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
        config["OPTIONS"] = noticed | {"tcp_user_timeout": 20_000} | config.get("OPTIONS", {}) | {"pool": pool}
        # A directory of sockets stands in a URL as %2Frun%2Fpostgresql.
        config["HOST"] = unquote(config["HOST"])
    else:
        raise ImproperlyConfigured("DATABASE_URL must name SQLite or PostgreSQL: others cannot claim as we do.")
    return config


# Simulated jobs are rows like all others; so that they never mix with real ones, they have a file of their own.
SQLITE_FILE = BASE_DIR / ("db.sqlite3.simulation" if SIMULATION else "db.sqlite3")
DATABASE_URL = env.secret(
    "DATABASE_URL",
    "a file, or `postgres://user:password@host/name`, with `/` and `?` of a password, and a `%` before two digits, "
    "as `%2F`, `%3F`, `%25`",
    f"sqlite:///{SQLITE_FILE}",
    shown="`sqlite:///db.sqlite3`",
)
DATABASE_PASSWORD = env.secret("DATABASE_PASSWORD", "where the URL has none", is_exact=True).rstrip("\r\n")
DATABASE_POOL_SIZE = env.whole(
    "DATABASE_POOL_SIZE",
    20,
    "connections a process may hold (PostgreSQL); a worker with the `memory` transport has one more, to be told of "
    "other hosts' jobs",
    at_least=2,
)
SQLITE_SYNCHRONOUS = env.choice("SQLITE_SYNCHRONOUS", "NORMAL", ("NORMAL", "FULL"), "FULL survives power loss")
DATABASES = {
    "default": database(
        DATABASE_URL,
        password=DATABASE_PASSWORD,
        synchronous=SQLITE_SYNCHRONOUS,
        pool_size=DATABASE_POOL_SIZE,
    )
}

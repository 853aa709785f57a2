"""Read settings from the environment, and name the variable that is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
WORDS = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}


class Env(environ.Env):
    """The environment, in which a secret may also be a file: SECRET_KEY_FILE names it, as Docker mounts secrets."""

    def secret(self, name: str) -> str:
        """Return the secret in the variable or in the file; empty if there is none."""
        value: str = self.str(name, "")
        path = self.str(f"{name}_FILE", "")
        if value and path:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; unset one of them.")
        try:
            return Path(path).read_text(encoding="utf-8").strip() if path else value
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read.") from error

    def switch(self, name: str, default: bool) -> bool:
        """Return on or off; a word that is neither is an error, not off."""
        value = self.str(name, "on" if default else "off").lower()
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
            value: float = self.float(name, default)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a number.") from error
        if not value >= at_least:
            raise ImproperlyConfigured(f"{name} must be at least {at_least:g}.")
        return value

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """Return one of the allowed words."""
        value: str = self.str(name, default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of: {', '.join(allowed)}.")
        return value


env = Env()
environ.Env.read_env(BASE_DIR / ".env")


def database(url: str, *, password: str, synchronous: str, pool_size: Callable[[], int]) -> dict[str, Any]:
    """Return Django's settings for the database at this URL, with the options that its engine needs here.

    synchronous: of SQLite; pool_size: asked for PostgreSQL alone.
    """
    config: dict[str, Any] = environ.Env.db_url_config(url)
    if not config.get("ENGINE"):
        raise ImproperlyConfigured("DATABASE_URL must look like postgres://user@host/name or sqlite:////path/to/file.")
    config["PASSWORD"] = config["PASSWORD"] or password
    if config["ENGINE"].endswith("sqlite3"):
        config["ENGINE"] = "devlog_project.sqlite"
        # Read-then-write transactions fail at once under threads unless they begin IMMEDIATE.
        config["OPTIONS"] = config.get("OPTIONS", {}) | {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};",
        }
        # An in-memory test database fails under threads, a file does not.
        config["TEST"] = {"NAME": f"{config['NAME']}.test"}
    elif config["ENGINE"].endswith("postgresql"):
        # A pool serves threads that come and go (ASGI, runserver) as well as those that stay.
        pool = {"min_size": 1, "max_size": pool_size(), "timeout": 10}
        config["OPTIONS"] = config.get("OPTIONS", {}) | {"pool": pool}
        config["CONN_HEALTH_CHECKS"] = True
    else:
        raise ImproperlyConfigured("DATABASE_URL must name SQLite or PostgreSQL: others cannot claim as we do.")
    return config

"""Read settings from the environment, and name the variable that is wrong."""

import io
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import environ
from django.core.exceptions import ImproperlyConfigured

from tagging.extraction.openai.environment import is_address

BASE_DIR = Path(__file__).resolve().parent.parent
WORDS = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
# As browsers send it: in small letters, and without a path or a slash at the end.
ORIGIN = re.compile(r"https?://[a-z0-9_.\-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
HOST = re.compile(r"\*|\.?[a-z0-9_\-]+(\.[a-z0-9_\-]+)*\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)
DOTTED_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
# Of a line in .env: what comes before the value.
ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z_0-9]*)\s*=\s*")
MOST = 2**31
LEAST_OF_A_TOKEN = 20
SECRET = "secret"  # noqa: S105


class Setting(NamedTuple):
    """A variable as docs/settings.md shows it: what it takes, its default, and what it means."""

    name: str
    meaning: str
    takes: str
    default: str


class Env:
    """A group of variables of the environment, whose values are taken as they are: a `$` or a `#` means nothing.

    Blanks and line breaks around a value are none of it, except of a secret where they may be meant. Each reader is
    told what the variable means; `shown` is what the page says of a default that depends on something.
    """

    def __init__(self, title: str = "", about: str = "") -> None:
        self.title, self.about = title, about
        self.settings: list[Setting] = []

    def text(
        self,
        name: str,
        default: str,
        meaning: str,
        *,
        at_most: int | None = None,
        may_be_empty: bool = True,
        shown: str = "",
    ) -> str:
        """Return the text; `at_most` characters of it may there be."""
        takes = f"text, at most {at_most:,} characters" if at_most else "text"
        value = self._read(name, default, meaning, takes, shown)
        if at_most and len(value) > at_most:
            raise ImproperlyConfigured(f"{name} is longer than {at_most:,} characters: it has {len(value):,}.")
        if not value and not may_be_empty:
            raise ImproperlyConfigured(f"{name} is empty: name one, or unset it for {default}.")
        return value

    def hosts(self, name: str, meaning: str) -> list[str]:
        """Return the host names that stand between the commas."""
        for host in (hosts := _between_commas(self._read(name, "", meaning, "`example.org`, …"))):
            if not HOST.fullmatch(host):
                raise ImproperlyConfigured(f"{name}: {host} is no host; write example.org, without https:// and port.")
        return hosts

    def origins(self, name: str, meaning: str, *, may_be_wild: bool = False) -> list[str]:
        """Return the origins of web pages that stand between the commas; a wild one is https://*.example.org."""
        takes = "`https://app.example.org`, …"
        for origin in (origins := _between_commas(self._read(name, "", meaning, takes))):
            if not ORIGIN.fullmatch(origin.replace("://*.", "://", 1) if may_be_wild else origin):
                raise ImproperlyConfigured(f"{name}: {origin} is no origin; write https://host or http://host:port.")
        return origins

    def address(self, name: str, meaning: str, *, like: str, shown: str = "") -> str:
        """Return the address of a server; empty if there is none. It is not repeated, as it may hold a password."""
        value = self._read(name, "", meaning, f"`{like}`", shown)
        if value and not is_address(value, ("http", "https")):
            raise ImproperlyConfigured(f"{name} is not an address: write it like {like}.")
        return value

    def named_class(self, name: str, default: str, words: Mapping[str, str], meaning: str, *, shown: str = "") -> str:
        """Return the dotted path of a class, which may also be one of these words."""
        takes = f"{', '.join(words)}, or the dotted path of a class"
        value = self._read(name, default, meaning, takes, shown)
        if value not in words and not DOTTED_PATH.fullmatch(value):
            raise ImproperlyConfigured(f"{name} must be one of: {takes}.")
        return words.get(value, value)

    def token(self, name: str, meaning: str) -> str:
        """Return a secret that a machine sends: too long to be guessed, or none at all."""
        value = self.secret(name, meaning)
        if value and len(value) < LEAST_OF_A_TOKEN:
            raise ImproperlyConfigured(f"{name} is too short; take at least {LEAST_OF_A_TOKEN} random characters.")
        return value

    def secret(self, name: str, meaning: str, default: str = "", *, is_exact: bool = False, shown: str = "") -> str:
        """Return the secret in the variable, or in the file that SECRET_KEY_FILE names, as Docker mounts secrets.

        The default if there is none. is_exact: blanks are part of it, and only the line break at the end of a file is
        not.
        """
        self.settings.append(Setting(name, meaning, SECRET, shown or _shown(default)))
        value, path = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "").strip()
        if value and path:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; unset one of them.")
        if path:
            try:
                value = Path(path).read_text(encoding="utf-8-sig").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read.") from error
        return (value if is_exact else value.strip()) or default

    def switch(self, name: str, default: bool, meaning: str, *, shown: str = "") -> bool:
        """Return on or off; a word that is neither is an error, not off."""
        value = self._read(name, "on" if default else "off", meaning, "on, off", shown).lower()
        if value not in WORDS:
            raise ImproperlyConfigured(f"{name} must be on or off.")
        return WORDS[value]

    def switch_or_none(self, name: str, default: bool, meaning: str) -> bool | None:
        """Return on or off, or None where the variable is there and empty."""
        value = self._read(name, "on" if default else "off", meaning, "on, off or nothing").lower()
        if value and value not in WORDS:
            raise ImproperlyConfigured(f"{name} must be on, off or empty.")
        return WORDS.get(value)

    def whole(
        self, name: str, default: int, meaning: str, *, at_least: int = 0, at_most: int = MOST, shown: str = ""
    ) -> int:
        """Return a whole number."""
        return int(self._number(name, default, meaning, (at_least, at_most), shown, is_whole=True))

    def number(
        self, name: str, default: float, meaning: str, *, at_least: float = 0, at_most: float = MOST, shown: str = ""
    ) -> float:
        """Return a number."""
        return self._number(name, default, meaning, (at_least, at_most), shown)

    def choice(self, name: str, default: str, allowed: tuple[str, ...], meaning: str, *, shown: str = "") -> str:
        """Return one of the allowed words."""
        value = self._read(name, default, meaning, ", ".join(allowed), shown)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of: {', '.join(allowed)}.")
        return value

    def _number(
        self, name: str, default: float, meaning: str, bounds: tuple[float, float], shown: str, is_whole: bool = False
    ) -> float:
        kind, (least, most) = "whole number" if is_whole else "number", bounds
        takes = f"{kind}, from {least:,}" if most == MOST else f"{kind}, {least:,} to {most:,}"
        text = self._read(name, _plain(default), meaning, takes, shown)
        try:
            value = float(text)
            if not (math.isfinite(value) and least <= value <= most) or (is_whole and value != int(value)):
                raise ValueError(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a {kind} from {_plain(least)} to {_plain(most)}.") from error
        return value

    def _read(self, name: str, default: str, meaning: str, takes: str, shown: str = "") -> str:
        """Return what the environment says, and note what is said of the variable."""
        self.settings.append(Setting(name, meaning, takes, shown or _shown(default)))
        return os.environ.get(name, default).strip()


def _between_commas(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _plain(number: float) -> str:
    """Return a number as one writes it into a .env."""
    return str(int(number) if number == int(number) else number)


def _shown(default: str) -> str:
    return default or "empty"


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


read_file(BASE_DIR / ".env")

"""What code and commands bring in: packages that are imported, installed or linked to, images that are pulled.

Every pattern has bounded parts and no nested repetition: it stays linear also on text written to slow it down.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

from tagging.extraction.embedded.cues import cues
from tagging.extraction.lexicon import known, remembered

_ARGUMENTS = r"((?: {1,2}[\w@./:=<>~^\[\]+-]{1,80}){1,12})"
_INSTALL = re.compile(
    r"\b(?:(?:pip3?|pipx|uv pip|brew|apt|apt-get|dnf|yum|conda|gem|npm|pnpm|choco|winget|cargo) install"
    r"|(?:npm|pnpm) (?:i|add)|(?:yarn|pnpm|bun|uv|poetry|pdm|cargo|apk|deno|ng|flutter pub|dart pub) add"
    r"|go (?:get|install)(?= [\w.-]{1,80}/)"  # "go get lunch" is no command
    r"|composer require|dotnet add package|docker pull)" + _ARGUMENTS
)
_KIND = r"(?:[Ll]ibrary|[Bb]ibliothek|[Cc]rate|[Gg]em|[Ff]ramework|[Pp]lugin|Paket|(?:npm|pip|PyPI|Python|Go) package)"
_CALLED = r"`((?:@[a-z0-9-]{1,40}/)?[a-z][a-z0-9_-]{1,60})`"
_IMPORTS = (
    re.compile(r"\bfrom ([A-Za-z_][\w.]{0,80}) import\b"),
    re.compile(r"""(?:\bfrom|\bimport|\brequire\(|\bimport\() ?["']([@\w./-]{1,120})["']"""),
    re.compile(r"""["']((?:github\.com/[\w.-]{1,60}|gopkg\.in|go\.uber\.org)/[\w.-]{1,60}[\w./-]{0,60})["']"""),
    re.compile(r"^[ \t>]{0,8}import ([A-Za-z_][\w.]{0,80})(?: as \w{1,40})?[ \t]*$", re.MULTILINE),
    re.compile(r"^[ \t]{0,8}use ([a-z_]\w{0,60})::", re.MULTILINE),
    re.compile(r"""^[ \t]{0,8}gem ["']([\w-]{1,60})["']""", re.MULTILINE),
    re.compile(r"^[ \t]{0,8}(?:require )?(github\.com/[\w.-]{1,60}/[\w./-]{1,60}) v\d", re.MULTILINE),  # go.mod
)
# What the author calls a library, in the letters of code.
_NAMED = (
    re.compile(rf"\b(?:{_KIND}|[Ii]nstall(?:ed|ing|iert|iere|ieren)) {_CALLED}"),
    re.compile(rf"{_CALLED} {_KIND}\b"),
)
# The address of a package where packages are published.
_PUBLISHED = re.compile(
    r"\b(?:pypi\.org/project|npmjs\.com/package|crates\.io/crates|docs\.rs|rubygems\.org/gems|hex\.pm/packages"
    r"|packagist\.org/packages/[\w.-]{1,60}|nuget\.org/packages|pub\.dev/packages)/(@[\w.-]{1,60}/[\w.-]{1,60}|[\w-]{1,60})"
)
_RELEASE = r"(?:[\^~>=]{1,2}\d|\d{1,5}\.\d{1,5}\.\d)"
# Of these only known ones: others are mostly one's own images, and values of other files.
_KNOWN = (
    # An image with its tag; without one it could be a table of SQL.
    re.compile(r"(?:\bFROM |\bimage: ?[\"']?)(?:[\w.-]{1,60}/){0,3}([a-z][\w-]{0,60}):[\w.-]{1,60}"),
    # Lines of package.json and Cargo.toml.
    re.compile(rf"""["'](@?[a-z][\w./-]{{1,60}})["']: {{0,2}}["']{_RELEASE}"""),
    re.compile(rf"""^[ \t]{{0,8}}([a-z][\w-]{{1,60}}) ?= ?(?:["']{_RELEASE}|\{{ ?version)""", re.MULTILINE),
)
_HOSTS = re.compile(r"^(?:github\.com/[^/]*|gopkg\.in|go\.uber\.org)/")
_VERSION = re.compile(r"(?<=.)[@=<>~^\[:].*$")


class Package(NamedTuple):
    """A package named by entry[start:end]; without a name if it comes with the language or is one's own."""

    name: str
    start: int
    end: int


def packages(entry: str) -> Iterator[Package]:
    """Yield what the code and the commands of an entry import, install or pull, and the packages it links to."""
    yield from _installed(entry)
    for pattern in _KNOWN:
        for match in pattern.finditer(entry):
            if spelling := known(match[1]):
                yield Package(spelling.name, match.start(1), match.end(1))
    for pattern in (_PUBLISHED, *_IMPORTS, *(_NAMED if "`" in entry else ())):
        for match in pattern.finditer(entry):
            yield from _package(match[1], match.start(1))


def _installed(entry: str) -> Iterator[Package]:
    first_backtick = entry.find("`")
    for match in _INSTALL.finditer(entry):
        is_code = 0 <= first_backtick < match.start()
        at = match.start(1)
        for argument in match[1].split(" "):
            if argument in cues()["english"] or argument in cues()["german"]:
                break
            if argument and not argument.startswith(("-", ".", "/")):
                yield from _package(argument, at)
                if not is_code:
                    break
            at += len(argument) + 1


def _package(written: str, start: int) -> Iterator[Package]:
    bare = _VERSION.sub("", written).rstrip(".,")
    if bare and not bare.startswith("."):
        yield Package(_name_of(bare), start, start + len(bare))


@remembered(1 << 12)
def _name_of(bare: str) -> str:
    """Return a package's known name, or the one it is written with; nothing for a module that is no package."""
    package = _HOSTS.sub("", bare)
    scope, _, rest = package.lstrip("@").partition("/")
    top = scope if package.endswith(".js") else scope.split(".")[0]
    inner = rest.split("/")[0]
    for candidate in (package, inner, top):
        if candidate and not _is_own(candidate) and (spelling := known(candidate)):
            return spelling.name
    name = top if not package.startswith("@") or _is_own(inner) else inner
    return "" if _is_own(name) else name.replace("_", "-")


def _is_own(module: str) -> bool:
    """Whether a module comes with its language, or has a name that one's own modules usually have."""
    return module in sys.stdlib_module_names or module.lower() in cues()["local"]

"""`python -m tests.support.licences` writes docs/licences.md: the licence of each package that may run here."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata

from tests.support.locks import pins
from tests.support.servers import ROOT

PAGE = ROOT / "docs" / "licences.md"
# Which file brings it, the service itself first.
FILES = ("run", "celery", "sqs", "actors", "django")
ALLOWED = {
    *("MIT", "BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "MPL-2.0"),
    "LGPL-3.0-only",  # of psycopg, which is used as it is: what that means stands in the page
}
# What packages say that do not say it as SPDX has it; "BSD" leaves open which.
WORDS = {
    "MIT License": "MIT",
    "BSD License": "BSD",
    "New BSD": "BSD-3-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
}
ROW = re.compile(r"^\| ([a-z0-9-]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def said_by(name: str) -> str | None:
    """Return the licence that an installed package names; None where it is not installed."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return None
    if expression := about.get("License-Expression"):
        return expression
    short = in_spdx(about.get("License") or "")
    if is_allowed(short):
        return short
    classifiers = [each.split(" :: ")[-1] for each in about.get_all("Classifier") or [] if each.startswith("License")]
    return " OR ".join(in_spdx(each) for each in classifiers) or short


def in_spdx(words: str) -> str:
    return " OR ".join(WORDS.get(each, each) for each in words.split(" OR "))


def is_allowed(expression: str) -> bool:
    """Say whether one of the choices is allowed, with all that it joins."""
    return any(set(choice.split(" AND ")) <= ALLOWED for choice in expression.split(" OR "))


def wanted() -> dict[str, str]:
    """Return each package that may run, and which file brings it; none that runs in a browser alone."""
    brought: dict[str, str] = {}
    for file in FILES:
        for pin in pins(ROOT / "requirements" / f"{file}.txt"):
            if "emscripten" not in pin.marker:
                brought.setdefault(pin.name, file)
    return dict(sorted(brought.items()))


def listed(page: str) -> dict[str, tuple[str, str]]:
    return {name: (licence, file) for name, licence, file in ROW.findall(page) if name != "package"}


def renewed(page: str) -> str:
    """Return the page with its rows anew; of a package for another system, what stands there stays."""
    known = listed(page)
    rows = [
        f"| {name} | {said_by(name) or known.get(name, ('unknown',))[0]} | {file} |" for name, file in wanted().items()
    ]
    head, line, _ = page.partition("|---|---|---|\n")
    return "".join([head, line, *(f"{row}\n" for row in rows)])


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

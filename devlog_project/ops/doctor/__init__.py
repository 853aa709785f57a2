"""What `manage.py doctor` tries, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from devlog_project.ops.masking import mask

Word = Literal["ok", "warn", "fail"]


class Finding(NamedTuple):
    """How something is, in a sentence, and what to do about it."""

    check: str
    status: Word
    says: str
    do: str = ""


Check = Callable[[], Iterable[Finding]]


def findings(checks: Iterable[Check]) -> Iterator[Finding]:
    """Make one check after the other; one that cannot be made is a finding, and no secret is in any."""
    for check in checks:
        try:
            found = list(check())
        except Exception as error:
            do = "This is a fault of the check itself, or of something that none foresaw."
            found = [
                Finding(check.__name__, "fail", f"It could not be looked at: {type(error).__name__}: {error}", do)
            ]
        yield from (one._replace(says=mask(one.says), do=mask(one.do)) for one in found)

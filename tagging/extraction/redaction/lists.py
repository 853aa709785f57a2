"""Several secrets below one name: the items of an array or of a YAML list."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagging.extraction.redaction.names import Name, Strength
from tagging.extraction.redaction.spans import Span
from tagging.extraction.redaction.values import (
    Value,
    is_about_technology,
    is_harmless,
    looks_generated,
    looks_secret,
    mentions_technology,
)

ITEM = r""""([^"\n]{1,300})"|'([^'\n]{1,300})'"""
ARRAY = re.compile(r"""["'\]]{0,2}(?::[ ]?[\w\[\]]{1,30}[ ])?[ \t]{0,3}(?::=|=>|[:=])[ \t]{0,3}[\[({]""")
IN_ARRAY = re.compile(rf"""\s{{0,40}}(?:{ITEM}|([^\s"',;:=\[\](){{}}]{{3,300}}))\s{{0,40}}(?:,|(?=[\])}}]))""")
LIST = re.compile(r"""["']?[ \t]{0,3}:[ \t]{0,3}\n(?=[ \t]{0,40}[-*][ ])""")
IN_LIST = re.compile(rf"""[ \t]{{0,40}}[-*][ \t]{{1,4}}(?:{ITEM}|([^\s"']{{3,300}}))[ \t]{{0,10}}(?:\n|\Z)""")
MAX_ITEMS = 200


def items_of(text: str, name: Name) -> tuple[list[Span], int]:
    """Return the secrets that stand as items behind this name, and up to where the items are read."""
    for opening, item in ((ARRAY, IN_ARRAY), (LIST, IN_LIST)):
        if match := opening.match(text, name.end):
            items = list(_items(text, match.end(), item))
            kind = "password" if name.strength == Strength.STRONG else "secret"
            secrets = [Span(value.start, value.end, kind) for value in items if _is_secret(name, value)]
            return secrets, items[-1].end if items else 0
    return [], 0


def _items(text: str, at: int, item: re.Pattern[str]) -> Iterator[Value]:
    for _ in range(MAX_ITEMS):
        match = item.match(text, at)
        if not match or not match.lastindex:
            return
        at, group = match.end(), match.lastindex
        yield Value(*match.span(group), match[group], group < 3)


def _is_secret(name: Name, value: Value) -> bool:
    if is_harmless(value) or is_about_technology(value.text) or mentions_technology(value.text):
        return False
    if name.strength == Strength.WEAK:
        return looks_generated(value.text)
    return looks_secret(value.text) or (name.strength == Strength.STRONG and value.is_quoted)

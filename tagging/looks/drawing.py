"""What all charts are drawn with: elements without style, texts cut to what fits, and numbers as people write them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping

from django.utils.formats import number_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

SUFFIXES = ["", "k", "M", "G", "T", "P", "E"]
# How many series are told from each other by colour, dashes and marks; charts.css has as many.
SERIES = 6


def element(name: str, attributes: Mapping[str, object], *content: str) -> SafeString:
    """Return an element; its content is escaped unless it is safe already."""
    written = "".join(
        f' {key}="{escape(coordinate(value) if isinstance(value, float) else value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return mark_safe(f"<{name}{written}>{''.join(str(escape_unless_safe(part)) for part in content)}</{name}>")  # noqa: S308  # all is escaped


def escape_unless_safe(text: str) -> SafeString:
    return text if isinstance(text, SafeString) else escape(text)


def coordinate(value: float) -> str:
    """Return a number in the one spelling that SVG knows, whatever the language of the page."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(part: float, whole: float) -> str:
    return f"{coordinate(100 * part / whole if whole else 0.0)}%"


def drawn(kind: str, label: str, attributes: Mapping[str, object], *content: str) -> SafeString:
    """Return a whole chart, which says its label to those who do not see it."""
    named = {"class": f"chart {kind}", "role": "img", "aria-label": label, "focusable": "false", **attributes}
    return element("svg", named, element("title", {}, label), *content)


def empty(kind: str, label: str) -> SafeString:
    """Return a chart that says that there is nothing to draw."""
    words = element("text", {"class": "chart-empty", "x": "50%", "y": 30, "text-anchor": "middle"}, gettext("No data"))
    return drawn(kind, label, {"height": 48}, words)


def cut(text: str, most: int) -> str:
    """Return a text on one line that takes no more room than so many letters; what is left out is an ellipsis.

    Marks of direction would move what stands beside it, so they are left out as well.
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * most + 4]).split())
    room, shown = most, 0
    for char in line:
        room -= columns_of(char)
        if room < 0:
            break
        shown += 1
    if shown == len(line):
        return line
    while shown and room < 1:  # the ellipsis takes a letter's room, too
        shown -= 1
        room += columns_of(line[shown])
    return f"{line[:shown].rstrip()}…"


def columns_of(char: str) -> int:
    """Return how many letters' room a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def whole(value: float) -> float:
    """Return what can be drawn of a value: nothing less than zero, and no infinity."""
    return max(float(value), 0.0) if math.isfinite(value) else 0.0


def figure(value: float) -> str:
    """Return a number as the reader's language writes it, with no more digits than it needs."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 1000 or float(value).is_integer():
        return str(number_format(round(value), use_l10n=True, force_grouping=True))
    if size >= 0.01:
        return str(number_format(f"{value:.2f}", use_l10n=True))
    digits = min(2 - math.floor(math.log10(size)), 12)
    return str(number_format(f"{value:.{digits}f}".rstrip("0").rstrip("."), use_l10n=True))


def short(value: float) -> str:
    """Return a number in a few letters: 1200 as 1.2k."""
    if value < 10_000:
        return figure(value)
    value = float(f"{value:.3g}")
    power = int(math.log10(value * 1.000001) / 3)
    if power >= len(SUFFIXES):
        return f"{value:.0e}"
    return f"{number_format(f'{value / 1000**power:.3g}', use_l10n=True)}{SUFFIXES[power]}"

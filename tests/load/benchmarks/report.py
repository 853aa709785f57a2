"""What came out: a table on the terminal, JSON for programs, tables and a picture for docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from tests.load.benchmarks import growth
from tests.load.benchmarks.figures import TARGETS, Target
from tests.load.benchmarks.transports import TRANSPORTS


@dataclass(frozen=True)
class Row:
    """One label's values over all rounds, or why there are none, and its target if it has one."""

    label: str
    values: Sequence[float]
    why_not: str = ""

    @property
    def target(self) -> Target | None:
        return TARGETS.get(self.label)

    @property
    def transport(self) -> str:
        """Return the transport that the label begins with, if it does."""
        name = self.label.partition(": ")[0]
        return name if name in TRANSPORTS else ""

    @property
    def measure(self) -> str:
        """Return what was measured of the transport, the label's other part."""
        return self.label.partition(": ")[2]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        if not (self.target and self.values):
            return ""
        return "reached" if self.target.holds(self.median) else "MISSED"


def rows_of(rounds: Sequence[dict[str, float]]) -> list[Row]:
    """Return a row for each label, those with a target first."""
    labels = dict.fromkeys(label for measured in rounds for label in measured)
    rows = [row_of(label, [measured[label] for measured in rounds if label in measured]) for label in labels]
    return sorted(rows, key=lambda row: row.target is None)


def row_of(label: str, found: Sequence[float | str]) -> Row:
    values = [value for value in found if not isinstance(value, str)]
    return Row(label, values, "" if values else str(found[0]))


def table(rows: Sequence[Row]) -> str:
    lines = [f"{'figure':<40} {'median':>9}   {'min .. max':<19} {'target':<12}"]
    for row in rows:
        if row.why_not:
            lines.append(f"{row.label:<40} not run: {row.why_not}")
            continue
        spread = f"{min(row.values):.2f} .. {max(row.values):.2f}"
        lines.append(
            f"{row.label:<40} {row.median:>9.2f}   {spread:<19} {row.target or ''!s:<12} {row.verdict}".rstrip()
        )
    return "\n".join(lines)


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": "make bench",
        "machine": {
            "processors": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
        },
        "figures": [figure(row) for row in rows],
    }


def figure(row: Row) -> dict[str, Any]:
    if row.why_not:
        return {"figure": row.label, "not_run": row.why_not}
    return {
        "figure": row.label,
        "median": round(row.median, 3),
        "min": round(min(row.values), 3),
        "max": round(max(row.values), 3),
        "rounds": len(row.values),
        "target": str(row.target) if row.target else None,
        "verdict": row.verdict or None,
    }


def rows_in(written: dict[str, Any]) -> list[Row]:
    """Return the rows that `as_json` wrote, with no more of their values than median and range."""
    return [
        Row(one["figure"], [], one["not_run"])
        if "not_run" in one
        else Row(one["figure"], [one["min"], one["median"], one["max"]])
        for one in written["figures"]
    ]


# -- the tables of docs/benchmarks.md ----------------------------------------------------------------------------


def renewed(text: str, rows: Sequence[Row]) -> str:
    """Return a Markdown text with these rows' values in its tables; names and explanations, the first cells, stay."""
    by_label = {row.label: row for row in rows}
    lines = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        row = by_label.get(cells[1]) if len(cells) > 3 else None
        lines.append(f"| {' | '.join([*cells[1:3], *values_of(row)])} |" if row else line)
    return "\n".join(lines) + "\n"


def values_of(row: Row) -> list[str]:
    """Return median and range, and target and verdict where there is a target."""
    measured = ["not run", "–"]
    if row.values:
        measured = [f"{row.median:.2f}", f"{min(row.values):.2f} … {max(row.values):.2f}"]
    if not row.target:
        return measured
    return [*measured, str(row.target).replace(">=", "≥").replace("<=", "≤"), row.verdict.lower()]


# -- the picture -------------------------------------------------------------------------------------------------

LINE = 26
LABELS = 290
SCALE = 160  # from nothing to the dashed line
LONGEST = 2  # times the way to the dashed line; the last third of the picture is for the numbers
WIDTH = LABELS + (LONGEST + 1) * SCALE
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .value { font-size: 11px } .title { font-weight: 600 }
  .good { fill: #2da44e } .bad { fill: #cf222e } .plain { fill: #8c959f }
  .whisker { stroke: #57606a } .paper { fill: #ffffff }
  .target { stroke: #0969da; stroke-width: 2; stroke-dasharray: 5 3 }
"""
TITLE = "The benchmark's figures: those that must be high, those that must be low, and the transports"
HIGHER, LOWER = "Higher is better", "Lower is better"
# Of the transports; all else that is measured of them must be high.
LOW_IS_GOOD = "201 to tags p50 ms"


def picture(rows: Sequence[Row]) -> str:
    """Return an SVG: each bar is a median in parts of a target or of the default transport, with its range."""
    blocks, line = [], 0
    for title, word, bars in groups(rows):
        blocks.append(block(title, word, bars, line))
        line += len(bars) + 2
    height = LINE * line
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">
<title>{escape(TITLE)}</title>
<style>{STYLE}</style>
<rect class="paper" width="{WIDTH}" height="{height}"/>
{"".join(blocks)}
</svg>
"""


def groups(rows: Sequence[Row]) -> list[tuple[str, str, list[str]]]:
    """Return title, word at the dashed line and bars of each group; in one group all are good in one direction."""
    # What grows has a table alone: with a bar for each call nobody would see the others.
    judged = [
        (row, row.target)
        for row in rows
        if row.target and row.target.limit and row.values and row.label not in growth.LABELS
    ]
    high = [target_bar(row, target) for row, target in judged if target.sign == ">="]
    low = [target_bar(row, target) for row, target in judged if target.sign == "<="]
    found = [
        (f"{HIGHER}: a bar must reach the dashed line, its target", "target", high),
        (f"{LOWER}: a bar must not pass the dashed line, its target", "target", low),
    ]
    of_transports = [row for row in rows if row.transport]
    defaults = {row.measure: row.median for row in of_transports if row.transport == "memory" and row.values}
    for measure, default in defaults.items():
        title = f"Transports, {measure}. {LOWER if measure == LOW_IS_GOOD else HIGHER}; a bar is cut at twice the line"
        bars = [transport_bar(row, default) for row in of_transports if row.measure == measure]
        found.append((title, "memory", bars))
    return [group for group in found if group[2]]


def block(title: str, word: str, bars: Sequence[str], line: int) -> str:
    """Return these bars below each other from this line on, with a title above and a dashed line through them."""
    at, end = LABELS + SCALE, LINE * (len(bars) + 1)
    placed = "".join(f'\n<g transform="translate(0 {LINE * number})">{bar}</g>' for number, bar in enumerate(bars, 1))
    return f"""<g transform="translate(0 {LINE * line})">
<text class="title" x="8" y="17">{escape(title)}</text>{placed}
<line class="target" x1="{at}" x2="{at}" y1="{LINE}" y2="{end + 4}"/>
<text class="value" x="{at}" y="{end + 18}" text-anchor="middle">{word}</text>
</g>
"""


def target_bar(row: Row, target: Target) -> str:
    kind, missed = ("good", "") if target.holds(row.median) else ("bad", ", missed")
    return bar(row, kind, target.limit, f"{row.median:.2f}{target.unit} ({target}{missed})")


def transport_bar(row: Row, default: float) -> str:
    if row.why_not:
        return name(row) + f'<text class="value" x="{LABELS}" y="17">not run: {escape(row.why_not)}</text>'
    return bar(row, "plain", default, f"{row.median:.2f}")


def bar(row: Row, kind: str, scale: float, value: str) -> str:
    length, least, most = (length_of(value, scale) for value in (row.median, min(row.values), max(row.values)))
    middle = LINE // 2
    return (
        f'{name(row)}<rect class="{kind}" x="{LABELS}" y="5" width="{length:.1f}" height="{LINE - 10}"/>'
        f'<line class="whisker" x1="{LABELS + least:.1f}" x2="{LABELS + most:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<text class="value" x="{LABELS + max(length, most, SCALE) + 6:.1f}" y="17">{escape(value)}</text>'
    )


def name(row: Row) -> str:
    return f'<text x="8" y="17">{escape(row.label)}</text>'


def length_of(value: float, scale: float) -> float:
    """Return the length for a value, at most LONGEST."""
    return min(max(value, 0) / scale, LONGEST) * SCALE

"""What came out, as a table for people, as JSON for programs, and as a picture for the README."""

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
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        if not self.target:
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


# -- the picture -------------------------------------------------------------------------------------------------

LINE = 26
LABELS = 290
SCALE = 160  # from nothing to the dashed line
WIDTH = LABELS + 3 * SCALE
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .value { font-size: 11px } .good { fill: #2da44e } .bad { fill: #cf222e } .plain { fill: #8c959f }
  .whisker { stroke: #57606a } .paper { fill: #ffffff }
  .target { stroke: #0969da; stroke-width: 2; stroke-dasharray: 5 3 }
"""
TITLE = "Figures in parts of their targets: >= must pass the line, <= must stay before it"
TITLE_OF_TRANSPORTS = "Transports in parts of the default's, memory; where a bar is cut, the number tells"


def picture(rows: Sequence[Row]) -> str:
    """Return an SVG: each bar's length is its median in parts of a target, with a whisker from min to max."""
    by_label = {row.label: row for row in rows}
    judged = [target_bar(row, row.target) for row in rows if row.target and row.target.limit]
    compared = [transport_bar(row, by_label) for row in rows if row.transport]
    blocks = block(TITLE, "target", judged, 0) + block(TITLE_OF_TRANSPORTS, "memory", compared, len(judged) + 2)
    height = LINE * (len(judged) + len(compared) + 4)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">
<title>{escape(TITLE)}</title>
<style>{STYLE}</style>
<rect class="paper" width="{WIDTH}" height="{height}"/>
{blocks}
</svg>
"""


def block(title: str, word: str, bars: Sequence[str], line: int) -> str:
    """Return these bars below each other from this line on, with a title above and a dashed line through them."""
    at, end = LABELS + SCALE, LINE * (len(bars) + 1)
    placed = "".join(f'\n<g transform="translate(0 {LINE * number})">{bar}</g>' for number, bar in enumerate(bars, 1))
    return f"""<g transform="translate(0 {LINE * line})">
<text x="8" y="17">{escape(title)}</text>{placed}
<line class="target" x1="{at}" x2="{at}" y1="{LINE}" y2="{end + 4}"/>
<text class="value" x="{at}" y="{end + 18}" text-anchor="middle">{word}</text>
</g>
"""


def target_bar(row: Row, target: Target) -> str:
    kind = "good" if target.holds(row.median) else "bad"
    return bar(row, kind, target.limit, f"{row.median:.2f}{target.unit} ({target})")


def transport_bar(row: Row, by_label: dict[str, Row]) -> str:
    if row.why_not:
        return name(row) + f'<text class="value" x="{LABELS}" y="17">not run: {escape(row.why_not)}</text>'
    what = row.label.partition(": ")[2]
    return bar(row, "plain", by_label[f"memory: {what}"].median, f"{row.median:.2f}")


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
    """Return the length for a value, cut where the picture's last third, kept for the numbers, begins."""
    return min(max(value, 0) / scale, 2) * SCALE

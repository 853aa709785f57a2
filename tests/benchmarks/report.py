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

from tests.benchmarks.figures import TARGETS, Target


@dataclass(frozen=True)
class Row:
    """One label's values over all rounds, and its target if it has one."""

    label: str
    values: Sequence[float]

    @property
    def target(self) -> Target | None:
        return TARGETS.get(self.label)

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
    rows = [Row(label, [measured[label] for measured in rounds if label in measured]) for label in labels]
    return sorted(rows, key=lambda row: row.target is None)


def table(rows: Sequence[Row]) -> str:
    lines = [f"{'figure':<28} {'median':>9}   {'min .. max':<19} {'target':<12}"]
    for row in rows:
        spread = f"{min(row.values):.2f} .. {max(row.values):.2f}"
        lines.append(
            f"{row.label:<28} {row.median:>9.2f}   {spread:<19} {row.target or ''!s:<12} {row.verdict}".rstrip()
        )
    return "\n".join(lines)


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": "make bench",
        "machine": {
            "processors": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
        },
        "figures": [
            {
                "figure": row.label,
                "median": round(row.median, 3),
                "min": round(min(row.values), 3),
                "max": round(max(row.values), 3),
                "rounds": len(row.values),
                "target": str(row.target) if row.target else None,
                "verdict": row.verdict or None,
            }
            for row in rows
        ],
    }


# -- the picture -------------------------------------------------------------------------------------------------

LINE = 26
LABELS = 220
SCALE = 160  # from nothing to the target
WIDTH = LABELS + 3 * SCALE
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .value { font-size: 11px } .good { fill: #2da44e } .bad { fill: #cf222e } .whisker { stroke: #57606a }
  .target { stroke: #0969da; stroke-width: 2; stroke-dasharray: 5 3 } .paper { fill: #ffffff }
"""


def picture(rows: Sequence[Row]) -> str:
    """Return an SVG: each bar's length is its median in parts of its target, with a whisker from min to max."""
    rows = [row for row in rows if row.target and row.target.limit]
    height = LINE * (len(rows) + 2)
    at = LABELS + SCALE
    bars = "\n".join(bar(row, LINE * (line + 1)) for line, row in enumerate(rows))
    title = "Figures in parts of their targets: >= must pass the line, <= must stay before it"
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">
<title>{escape(title)}</title>
<style>{STYLE}</style>
<rect class="paper" width="{WIDTH}" height="{height}"/>
<text x="8" y="17">{escape(title)}</text>
{bars}
<line class="target" x1="{at}" x2="{at}" y1="{LINE}" y2="{height - LINE + 4}"/>
<text class="value" x="{at}" y="{height - 8}" text-anchor="middle">target</text>
</svg>
"""


def bar(row: Row, top: int) -> str:
    target = row.target
    assert target is not None
    length, least, most = (length_of(value, target) for value in (row.median, min(row.values), max(row.values)))
    middle = top + LINE // 2
    kind = "good" if target.holds(row.median) else "bad"
    value = escape(f"{row.median:.2f}{target.unit} ({target})")
    return (
        f'<text x="8" y="{middle + 4}">{escape(row.label)}</text>'
        f'<rect class="{kind}" x="{LABELS}" y="{top + 5}" width="{length:.1f}" height="{LINE - 10}"/>'
        f'<line class="whisker" x1="{LABELS + least:.1f}" x2="{LABELS + most:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<text class="value" x="{LABELS + max(length, most, SCALE) + 6:.1f}" y="{middle + 4}">{value}</text>'
    )


def length_of(value: float, target: Target) -> float:
    """Return the length for a value, cut where the picture's last third, kept for the numbers, begins."""
    return min(max(value, 0) / target.limit, 2) * SCALE

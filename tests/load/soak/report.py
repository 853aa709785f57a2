"""The first third of a run beside its last, and all of it as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from xml.sax.saxutils import escape

from tests.load.soak.watch import MEASURES, Sample

# By how much the last third may be above the first, as a factor and in units of the measure: memory settles, and files
# and connections come and go with the requests of the moment.
MAY_GROW = {
    "memory_mb": (1.1, 10),
    "files": (1.0, 12),
    "threads": (1.0, 2),
    "connections": (1.0, 8),
    "wal_mb": (1.0, 16),
    "database_mb": (1.2, 2),
    "waiting_jobs": (2.0, 50),
    "post_p50_ms": (1.5, 5),
    "post_p99_ms": (1.5, 20),
}
WIDTH, ROW, LEFT, RIGHT = 900, 80, 150, 90
STYLE = """
  text { font: 12px sans-serif; fill: #24292f }
  .value { font-size: 11px } .paper { fill: #ffffff } .ground { stroke: #d0d7de }
  .line { fill: none; stroke: #0969da; stroke-width: 1.5 }
"""


@dataclass(frozen=True)
class Finding:
    """One measure: its median in the first third and in the last, the most it ever was, and whether it stayed flat."""

    name: str
    first: float
    last: float
    most: float

    @property
    def is_flat(self) -> bool:
        factor, units = MAY_GROW[self.name]
        return self.last <= max(factor * self.first, self.first + units)


def findings(samples: Sequence[Sample]) -> list[Finding]:
    third = max(len(samples) // 3, 1)
    found = []
    for name in MEASURES:
        values = [float(getattr(sample, name)) for sample in samples]
        found.append(Finding(name, median(values[:third]), median(values[-third:]), max(values)))
    return found


def table(found: Sequence[Finding]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = ["| | first third | last third | most | flat |", "|---|---|---|---|---|"]
    for each in found:
        flat = "yes" if each.is_flat else "**no**"
        lines.append(f"| {said(each.name)} | {each.first:,.1f} | {each.last:,.1f} | {each.most:,.1f} | {flat} |")
    return lines


def said(name: str) -> str:
    return name.replace("_", " ").replace(" mb", ", MB").replace(" ms", ", ms")


def picture(samples: Sequence[Sample]) -> str:
    """Return an SVG with a line for each measure over the minutes of the run, each in a scale of its own."""
    rows = "".join(row(at, name, samples) for at, name in enumerate(MEASURES))
    height = ROW * len(MEASURES) + 30
    minutes = f'<text x="{LEFT}" y="{height - 8}">0</text>'
    minutes += f'<text x="{WIDTH - RIGHT}" y="{height - 8}" text-anchor="end">{samples[-1].minute:.0f} minutes</text>'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">
<title>What the steady process and the database held in each minute of the run</title>
<style>{STYLE}</style>
<rect class="paper" width="{WIDTH}" height="{height}"/>
{rows}{minutes}
</svg>
"""


def row(at: int, name: str, samples: Sequence[Sample]) -> str:
    top, bottom = ROW * at + 12, ROW * (at + 1) - 4
    values = [float(getattr(sample, name)) for sample in samples]
    highest, longest = max(*values, 1e-9), samples[-1].minute
    across, up = (WIDTH - LEFT - RIGHT) / longest, (bottom - top) / highest
    points = " ".join(
        f"{LEFT + across * sample.minute:.1f},{bottom - up * value:.1f}"
        for sample, value in zip(samples, values, strict=True)
    )
    return (
        f'<text x="8" y="{bottom - 20}">{escape(said(name))}</text>'
        f'<line class="ground" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>'
        f'<polyline class="line" points="{points}"/>'
        f'<text class="value" x="{WIDTH - RIGHT + 6}" y="{top + 8}">{highest:,.1f}</text>\n'
    )

"""Charts as SVG, drawn on the server: classes alone, which charts.css gives their colours in the light and the dark.

Texts keep their size however wide a chart is: only what is drawn is stretched. Each page shows the numbers in a
table, too; a chart is one picture with one label to those who do not see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from tagging.looks.axis import ABOVE, BELOW, HEIGHT, Scale, names_below
from tagging.looks.days import calendar as calendar
from tagging.looks.drawing import SERIES, coordinate, cut, drawn, element, empty, figure, percent, short, whole

NAME_LENGTH = 32
ROW, BAR = 40, 10
SPARK_HEIGHT, SPARK_STEP = 24, 8
LEGEND_ROW = 22
# In per cent of the drawing.
WIDEST = 12
# With more points than these, marks would hide the line.
MOST_MARKS = 16
MARKS = [
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "M-4-4h8v8h-8z",
    "M0-5l5 9h-10z",
    "M0-5l5 5l-5 5l-5-5z",
    "M0 5l5-9h-10z",
    "M-4-2h2v-2h4v2h2v4h-2v2h-4v-2h-2z",
]


def sparkline(values: Sequence[int], label: str) -> SafeString:
    """Draw how some numbers went, as small as a word."""
    highest = max(map(whole, values), default=0.0)
    columns = "".join(
        f"M{SPARK_STEP * at} {SPARK_HEIGHT}v{coordinate(-max(22 * whole(value) / highest, 2.0))}h{SPARK_STEP - 2}"
        f"V{SPARK_HEIGHT}z"
        for at, value in enumerate(values)
        if whole(value)
    )
    width = max(SPARK_STEP * len(values), SPARK_STEP)
    size = {"width": width, "height": SPARK_HEIGHT, "viewBox": f"0 0 {width} {SPARK_HEIGHT}"}
    ground = element("path", {"class": "chart-axis", "d": f"M0 {SPARK_HEIGHT - 0.5}h{width}"})
    return drawn("sparkline", label, size, ground, element("path", {"class": "chart-fill", "d": columns}))


def bars(rows: Sequence[tuple[str, int]], label: str) -> SafeString:
    """Draw a bar for each name, with its value; they come in the order given."""
    if not rows:
        return empty("bars", label)
    highest = max(whole(value) for _, value in rows)
    return drawn(
        "bars",
        label,
        {"height": ROW * len(rows)},
        *(bar(ROW * at, name, value, highest) for at, (name, value) in enumerate(rows)),
    )


def bar(y: int, name: str, value: float, highest: float) -> SafeString:
    # In a drawing of its own, so that a wide name ends before the value.
    written = element("text", {"class": "chart-name", "x": 0, "y": 16}, cut(name, NAME_LENGTH))
    return element(
        "g",
        {},
        element("title", {}, f"{name}: {figure(value)}"),
        element("svg", {"y": y, "width": "78%", "height": 22}, written),
        element("text", {"class": "chart-value", "x": "100%", "y": y + 16, "text-anchor": "end"}, short(whole(value))),
        element("rect", {"class": "chart-track", "y": y + 22, "width": "100%", "height": BAR}),
        element("rect", {"class": "chart-fill", "y": y + 22, "width": percent(whole(value), highest), "height": BAR}),
    )


def columns(points: Sequence[tuple[str, float]], label: str, limit: float | None = None) -> SafeString:
    """Draw a column for each name, in the order of time, and as a line what is the most that there may be."""
    if not points:
        return empty("columns", label)
    values = [value for _, value in points]
    limits = [] if limit is None else [limit]
    scale = Scale([*values, *limits], in_wholes=all(float(value).is_integer() for value in (*values, *limits)))
    step = 100 / len(points)
    return drawn(
        "columns with-axis",
        label,
        {"height": ABOVE + HEIGHT + BELOW},
        *scale.ticks(),
        *(column(scale, step * at, step, *point) for at, point in enumerate(points) if whole(point[1])),
        *(limit_line(scale, value) for value in limits),
        *names_below([name for name, _ in points], in_the_middle=True),
    )


def column(scale: Scale, x: float, step: float, name: str, value: float) -> SafeString:
    """Draw a column at least a pixel high, so that little is not nothing."""
    height = max(scale.y(0) - scale.y(value), 1.0)
    width = min(step * 3 / 4, WIDEST)
    place = {"x": percent(x + (step - width) / 2, 100), "width": percent(width, 100)}
    return element(
        "rect",
        {"class": "chart-fill", "y": scale.y(0) - height, "height": height, **place},
        element("title", {}, f"{name}: {figure(value)}"),
    )


def limit_line(scale: Scale, limit: float) -> SafeString:
    y = scale.y(limit)
    words = gettext("limit: %(limit)s") % {"limit": figure(limit)}
    return element(
        "g",
        {},
        element("line", {"class": "chart-limit", "x1": 0, "x2": "100%", "y1": y, "y2": y}),
        element("text", {"class": "chart-limit-name", "x": "100%", "y": y - 5, "text-anchor": "end"}, words),
    )


def lines(series: Mapping[str, Sequence[float | None]], names: Sequence[str], label: str) -> SafeString:
    """Draw a line for each series over the same names, with a gap where None says that there is no value.

    Each has dashes and a mark of its own besides its colour.
    """
    if not series or not names:
        return empty("lines", label)
    values = [value for each in series.values() for value in each if value is not None]
    scale = Scale(values, in_wholes=all(float(value).is_integer() for value in values))
    below = ABOVE + HEIGHT + BELOW
    return drawn(
        "lines with-axis",
        label,
        {"height": below + LEGEND_ROW * len(series)},
        *scale.ticks(),
        *(line(scale, at, each) for at, each in enumerate(series.values())),
        *names_below(names, in_the_middle=False),
        *(legend(below + LEGEND_ROW * at, at, name, each) for at, (name, each) in enumerate(series.items())),
    )


def line(scale: Scale, at: int, values: Sequence[float | None]) -> SafeString:
    last = max(len(values) - 1, 1)
    path = ""
    for x, value in enumerate(values):
        if value is not None:
            step = "L" if has_value(values, x - 1) else "M"
            path += f"{step}{coordinate(1000 * x / last)} {coordinate(scale.y(value))}"
    stretched = {
        "width": "100%",
        "height": ABOVE + HEIGHT,
        "viewBox": f"0 0 1000 {ABOVE + HEIGHT}",
        "preserveAspectRatio": "none",
    }
    drawing = element("svg", stretched, element("path", {"class": "chart-line", "d": path})) if path else ""
    return element("g", {"class": f"series-{at % SERIES + 1}"}, drawing, *marks(scale, at, values))


def marks(scale: Scale, at: int, values: Sequence[float | None]) -> Iterator[SafeString]:
    """Yield a mark for each point where few are, else for some, not at the same places as those of other series.

    A point between two gaps has one always, as it has no line.
    """
    last = len(values) - 1
    each = -(-len(values) // MOST_MARKS)
    for x, value in enumerate(values):
        is_alone = not (has_value(values, x - 1) or has_value(values, x + 1))
        if value is not None and (is_alone or x % each == at % each):
            yield mark(at, percent(x, last) if last else "50%", scale.y(value))


def has_value(values: Sequence[float | None], x: int) -> bool:
    return 0 <= x < len(values) and values[x] is not None


def mark(at: int, x: str | int, y: float) -> SafeString:
    return element("svg", {"class": "chart-mark", "x": x, "y": y}, element("path", {"d": MARKS[at % SERIES]}))


def legend(y: int, at: int, name: str, values: Sequence[float | None]) -> SafeString:
    last = "" if not values else "–" if values[-1] is None else figure(values[-1])
    written = element("text", {"class": "chart-name", "x": 4, "y": 16}, cut(name, NAME_LENGTH))
    return element(
        "g",
        {"class": f"series-{at % SERIES + 1}"},
        element("title", {}, f"{name}: {last}"),
        element("line", {"class": "chart-line", "x1": -40, "x2": -4, "y1": y + 11, "y2": y + 11}),
        mark(at, -22, y + 11.0),
        element("svg", {"y": y, "width": "100%", "height": LEGEND_ROW}, written),
    )

"""The axes of a chart over time: round numbers at its left, and below it as many names as fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from django.utils.safestring import SafeString

from tagging.looks.drawing import cut, element, percent, short, whole

# In pixels: the room above the highest value, that of the values, and that for the names.
ABOVE, HEIGHT, BELOW = 12, 150, 26
MOST_TICKS = 4
NAME_LENGTH = 14


class Scale:
    """From zero up to the round number above the highest value."""

    def __init__(self, values: Sequence[float], *, in_wholes: bool) -> None:
        highest = max(map(whole, values), default=0.0) or 1.0
        self.step = round_step(highest / MOST_TICKS)
        if in_wholes:
            self.step = max(self.step, 1.0)
        self.top = self.step * math.ceil(highest / self.step - 1e-9)

    def y(self, value: float) -> float:
        """Return how far below the top of the drawing a value stands."""
        return ABOVE + HEIGHT * (1 - min(whole(value) / self.top, 1.0))

    def ticks(self) -> Iterator[SafeString]:
        """Yield a line and a number for each round value."""
        for count in range(round(self.top / self.step) + 1):
            value = count * self.step
            y = self.y(value)
            yield element("line", {"class": "chart-grid", "x1": 0, "x2": "100%", "y1": y, "y2": y})
            text = {"class": "chart-tick", "x": -8, "y": y + 4, "text-anchor": "end"}
            yield element("text", text, short(value))


def round_step(least: float) -> float:
    """Return the next of the round numbers 1, 2 and 5, and of their tens."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least * (1 - 1e-9))


def names_below(names: Sequence[str], *, in_the_middle: bool) -> Iterator[SafeString]:
    """Yield the first and the last name and, where there is room, two between; below columns or below points."""
    last = len(names) - 1
    shown = sorted({round(last * part / 3) for part in range(4)}) if names else []
    for at in shown:
        is_edge = at in (0, last)
        middle = "middle" if last == 0 or not is_edge else "start" if at == 0 else "end"
        x = (at + 0.5) / len(names) if in_the_middle else at / last if last else 0.5
        if last and is_edge:
            x = float(at == last)
        attributes = {
            "class": "chart-name" if is_edge else "chart-name chart-between",
            "x": percent(x, 1),
            "y": ABOVE + HEIGHT + 18,
            "text-anchor": middle,
        }
        yield element("text", attributes, cut(names[at], NAME_LENGTH))

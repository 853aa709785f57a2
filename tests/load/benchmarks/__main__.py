"""Measure everything and write docs/benchmarks.json, .svg and .md: `python -m tests.load.benchmarks --help`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.load.benchmarks.figures import FIGURES, FULL, QUICK, Measured, Round
from tests.load.benchmarks.report import Row, as_json, picture, renewed, rows_in, rows_of, table
from tests.load.benchmarks.stage import Stage
from tests.support.servers import ROOT

DOCS = ROOT / "docs"
# What takes long and varies little is played in fewer rounds.
AT_MOST = {"memory": 1, "scale": 1, "huge": 2, "transports": 2, "packs": 2, "waking": 2}


def main() -> None:
    options = parse()
    if options.redraw:
        show(json.loads((DOCS / "benchmarks.json").read_text(encoding="utf-8")))
        return
    rounds: list[Measured] = []
    plan = [
        (number, name)
        for number in range(options.rounds)
        for name in options.figures
        if number < AT_MOST.get(name, options.rounds)
    ]
    with tempfile.TemporaryDirectory(prefix="devlog-bench-") as directory, closing(Stage(Path(directory))) as stage:
        began = time.monotonic()
        for step, (number, name) in enumerate(plan):
            show_progress(step, len(plan), name, began)
            rounds.append(FIGURES[name](Round(stage, options.pace, number)))
    show_progress(len(plan), len(plan), "done", began)
    rows = rows_of(rounds)
    print(f"{table(rows)}\n\nIn {time.monotonic() - began:.0f} s; medians of {options.rounds} rounds.")
    if not options.quick:
        write(rows, is_part=bool(options.only))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, in about three minutes")
    parser.add_argument(
        "--redraw", action="store_true", help="measure nothing; write picture and tables from the JSON"
    )
    parser.add_argument("--only", choices=FIGURES, help="measure this alone, and renew its rows in docs/")
    parser.add_argument("--rounds", type=int, help="4, or 1 with --quick")
    options = parser.parse_args()
    options.pace = QUICK if options.quick else FULL
    options.rounds = options.rounds or (1 if options.quick else 4)
    options.figures = [options.only] if options.only else list(FIGURES)
    return options


def write(rows: list[Row], *, is_part: bool) -> None:
    """Write the figures and their picture; a part takes the place of its rows in what was written last time."""
    written = as_json(rows)
    if is_part:
        new = {one["figure"]: one for one in written["figures"]}
        old = json.loads((DOCS / "benchmarks.json").read_text(encoding="utf-8"))["figures"]
        written["figures"] = [new.pop(one["figure"], one) for one in old] + list(new.values())
    (DOCS / "benchmarks.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    show(written)
    print("Wrote docs/benchmarks.json, .svg and .md.")


def show(written: dict[str, Any]) -> None:
    """Draw the picture and renew the tables from what was written as JSON."""
    rows, page = rows_in(written), DOCS / "benchmarks.md"
    (DOCS / "benchmarks.svg").write_text(picture(rows), encoding="utf-8")
    page.write_text(renewed(page.read_text(encoding="utf-8"), rows), encoding="utf-8")


def show_progress(step: int, steps: int, name: str, began: float) -> None:
    """Redraw one line on a terminal; elsewhere say nothing."""
    if not sys.stderr.isatty():
        return
    filled = 24 * step // steps
    left = f", about {(time.monotonic() - began) / step * (steps - step):.0f} s left" if 0 < step < steps else ""
    line = f"[{'#' * filled}{'.' * (24 - filled)}] {step}/{steps} {name}{left}"
    print(f"\r\x1b[K{line}", end="\n" if step == steps else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

"""Kill real servers under load and tell what came of the entries: a table, and exit code 1 when a bound is broken."""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos.databases import open_database
from tests.chaos.run import Run, plan
from tests.chaos.verdict import Verdict


def main() -> int:
    options = parse()
    directory = Path(tempfile.mkdtemp(prefix="devlog-chaos-"))
    holds = False
    try:
        holds = report(options, directory)
    finally:
        if holds:
            shutil.rmtree(directory)
        else:
            print(f"BROKEN. Logs of the servers, and the database if it is SQLite: {directory}")
    return not holds


def report(options: argparse.Namespace, directory: Path) -> bool:
    """Run, print and write what is asked for; return whether all bounds hold."""
    began = time.monotonic()
    database = open_database(options.database, directory)
    try:
        steps = plan(options.seed, options.kills, database.harms)
        limits = {"kills": options.kills, "minutes": options.minutes}
        run = Run(directory, database, steps, seed=options.seed, **limits, say=progress(began))
        run.go()
        verdict = Verdict(run)
    finally:
        database.close()
    title = f"{database.name}, seed {options.seed}, {time.monotonic() - began:.0f} s"
    print(table(title, run, verdict))
    if options.json:
        options.json.write_text(json.dumps(as_json(title, run, verdict), indent=2) + "\n")
    return verdict.holds


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="without one, a new one each time")
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, postgres (a cluster of its own), or a server's URL"
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="stop killing after so many")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser.parse_args()


def progress(began: float) -> Callable[[str], None]:
    """Return what shows one line on a terminal and nothing elsewhere."""

    def say(line: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{time.monotonic() - began:4.0f} s  {line}", end="", file=sys.stderr, flush=True)

    return say


def table(title: str, run: Run, verdict: Verdict) -> str:
    width = max(len(figure.name) for figure in verdict.figures)
    lines = [title, "-" * len(title)]
    for figure in verdict.figures:
        judged = f"   [{figure.bound}] {'ok' if figure.holds else 'BROKEN'}" if figure.bound else ""
        lines.append(f"{figure.name:{width}}  {figure.value}{judged}")
    lines += [f"WRONG: {what}" for what in [*sorted(run.record.in_two_states)[:10], *run.clients.unexpected[:10]]]
    lines += [f"NOT RUN: {what}" for what in run.record.not_run]
    return "\n".join(lines)


def as_json(title: str, run: Run, verdict: Verdict) -> dict:
    figures = {f.name: {"value": f.value, "bound": f.bound or None, "holds": f.holds} for f in verdict.figures}
    return {"title": title, "holds": verdict.holds, "figures": figures, "not_run": run.record.not_run}


if __name__ == "__main__":
    sys.exit(main())

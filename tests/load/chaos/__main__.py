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

from tests.load.chaos.databases import open_database, postgres_binaries
from tests.load.chaos.run import Run, plan
from tests.load.chaos.verdict import Verdict


def main() -> int:
    options = parse()
    databases = [options.database] if options.database else ["sqlite", "postgres"]
    if not options.database and not postgres_binaries():
        print("NOT RUN on PostgreSQL: no programs of it found here; --database takes the URL of a server.")
        databases.remove("postgres")
    results = [run_on(database, options) for database in databases]
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    return not all(result["holds"] for result in results)


def run_on(database: str, options: argparse.Namespace) -> dict:
    """Run and print; keep the logs when a bound is broken. Return the figures."""
    directory = Path(tempfile.mkdtemp(prefix="devlog-chaos-"))
    holds = False
    try:
        result = report(database, options, directory)
        holds = result["holds"]
    finally:
        if holds:
            shutil.rmtree(directory)
        else:
            print(f"BROKEN. Logs of the servers, and the database if it is SQLite: {directory}")
    return result


def report(wanted: str, options: argparse.Namespace, directory: Path) -> dict:
    began = time.monotonic()
    database = open_database(wanted, directory)
    try:
        steps = plan(options.seed, options.kills, database.harms)
        limits = {"kills": options.kills, "minutes": options.minutes}
        run = Run(directory, database, steps, seed=options.seed, **limits, say=progress(began))
        run.go()
        verdict = Verdict(run)
    finally:
        database.close()
    title = f"{database.name}, seed {options.seed}, {time.monotonic() - began:.0f} s"
    print(f"{table(title, run, verdict)}\n", flush=True)
    return as_json(title, run, verdict)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="without one, a new one each time")
    parser.add_argument(
        "--database", help="sqlite, postgres (a cluster of its own), or a server's URL; first one, then the other"
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="stop killing after so many, on each")
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

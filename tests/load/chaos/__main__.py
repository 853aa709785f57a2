"""Kill real servers under load, have their provider fail, and tell what came of the entries; exit code 1: not well."""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tests.load.chaos.databases import Postgres, Sqlite, open_database, postgres_binaries
from tests.load.chaos.provider.run import MARKED_RATE, ProviderRun
from tests.load.chaos.provider.run import plan as provider_plan
from tests.load.chaos.provider.verdict import ProviderVerdict
from tests.load.chaos.run import Run, plan
from tests.load.chaos.verdict import Verdict

Say = Callable[[str], None]
Part = Callable[[argparse.Namespace, Path, Sqlite | Postgres, Say], Verdict | ProviderVerdict]


def main() -> int:
    options = parse()
    databases = [options.database] if options.database else ["sqlite", "postgres"]
    if not options.database and not postgres_binaries():
        print("NOT RUN on PostgreSQL: no programs of it found here; --database takes the URL of a server.")
        databases.remove("postgres")
    parts = [options.only] if options.only else list(PARTS)
    results = [run_on(database, part, options) for part in parts for database in databases]
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    return not all(result["holds"] for result in results)


def run_on(database: str, part: str, options: argparse.Namespace) -> dict:
    """Run and print; keep the logs when a bound is broken. Return the figures."""
    directory = Path(tempfile.mkdtemp(prefix="devlog-chaos-"))
    holds = False
    try:
        result = report(database, part, options, directory)
        holds = result["holds"]
    finally:
        if holds:
            shutil.rmtree(directory)
        else:
            print(f"BROKEN. Logs of the servers, and the database if it is SQLite: {directory}")
    return result


def report(wanted: str, part: str, options: argparse.Namespace, directory: Path) -> dict:
    began = time.monotonic()
    database = open_database(wanted, directory)
    try:
        verdict = PARTS[part](options, directory, database, progress(began))
    finally:
        database.close()
    title = f"{part}, {database.name}, seed {options.seed}, {time.monotonic() - began:.0f} s"
    print(f"{table(title, verdict)}\n", flush=True)
    return as_json(title, verdict)


def kills(options: argparse.Namespace, directory: Path, database: Sqlite | Postgres, say: Say) -> Verdict:
    steps = plan(options.seed, options.kills, database.harms)
    run = Run(directory, database, steps, seed=options.seed, kills=options.kills, minutes=options.minutes, say=say)
    run.go()
    return Verdict(run)


def provider(options: argparse.Namespace, directory: Path, database: Sqlite | Postgres, say: Say) -> ProviderVerdict:
    steps = provider_plan(options.seed)
    how = {"phase_seconds": options.phase, "marked_rate": options.marked}
    run = ProviderRun(directory, database, steps, seed=options.seed, **how, say=say)
    run.go()
    return ProviderVerdict(run)


PARTS: dict[str, Part] = {"kills": kills, "provider": provider}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load.chaos", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="processes killed, or a provider that fails; without it, both")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--phase", type=float, default=2.5, help="seconds for which the provider fails in each way")
    parser.add_argument(
        "--marked", type=float, default=MARKED_RATE, help="entries a second that no provider ever answers"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="without one, a new one each time")
    parser.add_argument(
        "--database", help="sqlite, postgres (a cluster of its own), or a server's URL; first one, then the other"
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="stop killing after so many, on each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser.parse_args()


def progress(began: float) -> Say:
    """Return what shows one line on a terminal and nothing elsewhere."""

    def say(line: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{time.monotonic() - began:4.0f} s  {line}", end="", file=sys.stderr, flush=True)

    return say


def table(title: str, verdict: Verdict | ProviderVerdict) -> str:
    width = max(len(figure.name) for figure in verdict.figures)
    lines = [title, "-" * len(title)]
    for figure in verdict.figures:
        judged = f"   [{figure.bound}] {'ok' if figure.holds else 'BROKEN'}" if figure.bound else ""
        lines.append(f"{figure.name:{width}}  {figure.value}{judged}")
    lines += aligned(verdict.rows)
    lines += [f"WRONG: {what}" for what in verdict.wrong]
    lines += [f"NOT RUN: {what}" for what in verdict.not_run]
    return "\n".join(lines)


def aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Yield each row with its first column to the left and its numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *numbers in rows:
        cells = [f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=True)]
        yield "  ".join([f"{first:{widths[0]}}", *cells])


def as_json(title: str, verdict: Verdict | ProviderVerdict) -> dict:
    figures = {f.name: {"value": f.value, "bound": f.bound or None, "holds": f.holds} for f in verdict.figures}
    told = {"title": title, "holds": verdict.holds, "figures": figures, "not_run": verdict.not_run}
    return told | {"rows": verdict.rows}


if __name__ == "__main__":
    sys.exit(main())

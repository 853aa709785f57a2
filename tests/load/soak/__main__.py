"""Load a site for minutes or hours, with faults, kills and restarts; exit code 1: something grew without an end."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.load.chaos.__main__ import progress
from tests.load.chaos.databases import open_database
from tests.load.soak.report import findings, picture, table
from tests.load.soak.run import Run
from tests.support.servers import ROOT

HEAD = """# What hours of load leave behind

`make soak SOAK_FLAGS="{flags}"` ran two gunicorns on one database ({database}) on a shared machine with {cores} cores.
One lived on and was watched; the other was disturbed ({disturbances}). Eight entries a second came, others were read,
edited and, after two minutes, deleted; one call of ten to the model failed, and all during outages of ten seconds.
{requests:,} requests were answered as they should be; {errors}. In the end no job was left.

Memory, files and threads are those of the steady gunicorn, its master and its worker; POSTs those to both, until
their 201. A measure is flat if its median in the last third of the run is about that of the first: how much more is
allowed stands in `tests/load/soak/report.py`.

![{minutes:g} minutes, a line for each measure](soak.svg)

"""


def main() -> int:
    options = parse()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="devlog-soak-") as directory:
        database = open_database(options.database, Path(directory))
        try:
            run = Run(Path(directory), database.url, seed=options.seed, minutes=options.minutes, say=progress(began))
            run.go()
        finally:
            database.close()
    found = findings(run.samples)
    lines = table(found)
    print("\n".join(["", *lines]))
    if options.write:
        write(options, run, database.name, lines)
    return not all(each.is_flat for each in found)


def write(options: argparse.Namespace, run: Run, database: str, lines: list[str]) -> None:
    strange = {what: count for what, count in run.answers.items() if what.split()[1] not in ("200", "201", "204")}
    head = HEAD.format(
        flags=" ".join(sys.argv[1:]),
        database=database,
        cores=os.cpu_count(),
        disturbances=", ".join(f"{name}: {count}" for name, count in sorted(run.disturbances.items())),
        requests=sum(run.answers.values()) - sum(strange.values()),
        errors=", ".join(f"{count} times {what}" for what, count in sorted(strange.items())) or "none was not",
        minutes=options.minutes,
    )
    (ROOT / "docs" / "soak.md").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    (ROOT / "docs" / "soak.svg").write_text(picture(run.samples), encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, postgres (a cluster of its own), or a server's URL"
    )
    parser.add_argument("--write", action="store_true", help="write docs/soak.md and docs/soak.svg")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

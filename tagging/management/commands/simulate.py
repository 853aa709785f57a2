"""A load of simulated jobs for the real worker, on a database of its own, and what came of it.

The command starts a second process of itself, whose environment names that database.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.models import QuerySet

from tagging.engine.mailbox import Mailbox
from tagging.engine.worker import Worker
from tagging.extraction.simulated import SimulatedExtractor
from tagging.management.arguments import positive, share
from tagging.management.progress import draw_bar
from tagging.models import Attempt, Job
from tagging.simulation import load, scratch
from tagging.simulation.report import Finished, report

LOOK_SECONDS = 0.1
# So many errors of the worker in a row: it will not come back by itself.
ERRORS_THAT_END_IT = 5
INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Enqueue simulated jobs at once, have the real worker run them, and print throughput, p50, p95 and p99 of the "
        "time from queued to done, retries, failures and a histogram. All of it on a new SQLite file that is removed "
        "afterwards, whatever DATABASE_URL says."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--jobs", type=positive, default=1000, metavar="N")
        parser.add_argument("--delay", type=float, default=0.2, metavar="SECONDS", help="how long each call takes")
        parser.add_argument("--failure-rate", type=share, default=0.1, metavar="X", help="of the calls, from 0 to 1")
        parser.add_argument(
            "--concurrency", type=positive, metavar="N", help="calls at once; else TAGGING_CONCURRENCY"
        )
        parser.add_argument("--seed", type=int, metavar="N", help="which calls fail; else TAGGING_SIMULATED_SEED")
        parser.add_argument(
            "--database", default="", metavar="URL", help="run there and leave the jobs; must hold no real dev-logs"
        )
        # Set by the first process for the second.
        parser.add_argument("--in-child", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["delay"] < math.inf:
            raise CommandError("--delay must be a number of seconds, 0 or more.")
        try:
            if options["in_child"]:
                self.simulate(options)
            elif code := self.start_child(options):
                sys.exit(code)  # why is said by the child
        except (DatabaseError, scratch.DatabaseRefusedError) as error:
            raise CommandError(f"The database cannot be used: {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted.", returncode=INTERRUPTED) from None

    def start_child(self, options: dict[str, Any]) -> int:
        names = ("jobs", "delay", "failure_rate", "concurrency", "seed")
        given = [f"--{name.replace('_', '-')}={options[name]}" for name in names if options[name] is not None]
        with scratch.scratch_environment(options["database"]) as environment:
            return scratch.run(["simulate", "--in-child", *given], environment)

    def simulate(self, options: dict[str, Any]) -> None:
        if load.has_real_entries():
            raise CommandError("That database holds dev-logs that are not simulated; it stays untouched.")
        total, delay, failure_rate = options["jobs"], options["delay"], options["failure_rate"]
        concurrency = options["concurrency"] or settings.TAGGING_CONCURRENCY
        seed = settings.TAGGING_SIMULATED_SEED if options["seed"] is None else options["seed"]
        extractor = SimulatedExtractor(delay_seconds=delay, failure_rate=failure_rate, seed=seed)
        worker = Worker(Mailbox(), lambda: extractor, concurrency=concurrency)
        jobs = load.enqueue(total, seed)
        worker.start()
        try:
            self.stdout.write(
                f"{total} jobs, {concurrency} calls at once, {delay:g} s each, of which {failure_rate:.1%} fail "
                f"(seed {seed}); {connection.vendor}"
            )
            self.stdout.flush()
            self.watch(worker, jobs, total)
        finally:
            worker.stop(settings.TAGGING_SHUTDOWN_SECONDS)
            self.say(jobs)
        if wrong := load.wrong_outputs(jobs):
            raise CommandError(f"{wrong} outputs are not the number that was asked for.")

    def watch(self, worker: Worker, jobs: QuerySet[Job], total: int) -> None:
        """Return when all jobs have come to their end."""
        done = 0
        while done < total:
            if not worker.is_alive() or worker.errors.in_a_row >= ERRORS_THAT_END_IT:
                raise CommandError("The worker cannot work; why is said above.")
            time.sleep(LOOK_SECONDS)
            done = jobs.exclude(finished_at=None).count()
            draw_bar(self.stderr, done, total)

    def say(self, jobs: QuerySet[Job]) -> None:
        ended = jobs.exclude(finished_at=None).values_list("state", "queued_at", "finished_at")
        retries = Attempt.objects.filter(job__in=jobs, number__gt=1).count()
        for line in report([Finished._make(row) for row in ended], retries):
            self.stdout.write(line)

"""The worker as a process of its own, beside web processes that run with TAGGING_WORKER=off, or instead of them.

Any number may run on one database: the claim decides who works. Other processes of its host wake it by its doorbell;
those of other hosts by the transport, where that can be consumed: `memory` on PostgreSQL, and `sqs`. What nobody told
of, the sweep finds. Exit codes: 0 ended as asked; 1 it could not work; 3 a --drain left due jobs behind.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from types import FrameType
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from tagging import queues
from tagging.engine.mailbox import Mailbox
from tagging.engine.worker import Worker
from tagging.models import Job

logger = logging.getLogger(__name__)

# How often the foreground looks at the worker, and a terminal at the progress.
LOOK_SECONDS = 0.25
# A drain does not wait for a database that is away: so many errors in a row end it.
ERRORS_THAT_END_A_DRAIN = 3
LEFT_BEHIND = 3


class Command(BaseCommand):
    help = (
        "Run the worker in the foreground until SIGTERM or Ctrl-C. It then claims no more, finishes what is in flight "
        "within TAGGING_SHUTDOWN_SECONDS and gives back the rest; a second signal ends it at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=int, metavar="N", help="calls at once; else TAGGING_CONCURRENCY")
        parser.add_argument("--drain", action="store_true", help="run what is due, then end")
        parser.add_argument("--max-jobs", type=int, metavar="N", help="end after so many jobs")
        parser.add_argument("--max-time", type=float, metavar="SECONDS", help="end after so long")

    def handle(self, *args: Any, **options: Any) -> None:
        worker = self.build(options)
        began_at = time.monotonic()
        ends_at = began_at + options["max_time"] if options["max_time"] else float("inf")
        with queues.transport().consume(worker.mailbox):
            reason = self.supervise(worker, ends_at, is_draining=options["drain"])
        self.say_end(worker, reason, time.monotonic() - began_at)
        self.judge(worker, is_draining=options["drain"])

    def build(self, options: dict[str, Any]) -> Worker:
        for name in ("concurrency", "max_jobs", "max_time"):
            if options[name] is not None and options[name] <= 0:
                raise CommandError(f"--{name.replace('_', '-')} must be more than 0.")
        worker = Worker(
            Mailbox(),
            concurrency=options["concurrency"],
            max_jobs=options["max_jobs"],
            until_empty=options["drain"],
            notify_others=queues.transport().notify_others,
        )
        try:
            worker.engine  # noqa: B018 - now, so that what is wrong with it is this command's error
        except (ImportError, AttributeError, ValueError, OSError, ImproperlyConfigured) as error:
            raise CommandError(f"The worker cannot be built: {error}") from error
        return worker

    def supervise(self, worker: Worker, ends_at: float, *, is_draining: bool) -> str:
        """Run the worker until its end, the time's or a signal, then stop it; return why it ended."""
        reason = "its work is done"
        with Interrupts() as interrupts:
            worker.start()
            self.say_start(worker)
            while not worker.has_ended(LOOK_SECONDS):
                self.show_progress(worker)
                if interrupts.signal:
                    reason = interrupts.signal.name
                elif time.monotonic() >= ends_at:
                    reason = "its time is over"
                elif is_draining and worker.errors.in_a_row >= ERRORS_THAT_END_A_DRAIN:
                    reason = "it cannot work"
                else:
                    continue
                self.say_stop(worker, reason)
                break
            worker.stop(settings.TAGGING_SHUTDOWN_SECONDS)
        return reason

    def judge(self, worker: Worker, *, is_draining: bool) -> None:
        """Turn an end that was not as asked into an exit code."""
        if worker.is_alive() or worker.errors.in_a_row:
            raise CommandError("The worker could not work when it ended; its jobs are taken back by the next one.")
        if is_draining:
            try:
                left = Job.objects.due().count()
            except DatabaseError as error:
                raise CommandError("The database does not answer.") from error
            if left:
                raise CommandError(f"{left} jobs are still due.", returncode=LEFT_BEHIND)

    # -- what is said --------------------------------------------------------------------------------------------

    def say_start(self, worker: Worker) -> None:
        concurrency = worker.engine.concurrency
        transport = settings.TAGGING_TRANSPORT.rpartition(".")[2]
        self.say(
            f"Worker started: {worker.engine.extractor.name}, {concurrency} calls at once, "
            f"{transport}, {connection.vendor}."
        )

    def say_stop(self, worker: Worker, reason: str) -> None:
        self.say(
            f"Worker stops ({reason}): {len(worker.engine.slots.in_flight)} calls in flight have "
            f"{settings.TAGGING_SHUTDOWN_SECONDS:g} s to finish."
        )

    def say_end(self, worker: Worker, reason: str, seconds: float) -> None:
        answered, unanswered = worker.engine.answered, worker.engine.unanswered
        self.say(
            f"Worker ended ({reason}): {answered} jobs answered, {unanswered} calls without an answer, "
            f"{seconds:.1f} s, {answered / seconds:.1f} jobs/s."
        )

    def say(self, words: str) -> None:
        """Say it to who started us; where only a collector of JSON reads, as a line of the log."""
        if self.stdout.isatty():
            self.stdout.write("\r", ending="")
        elif settings.LOG_FORMAT == "json":
            logger.info(words)
            return
        self.stdout.write(words)
        self.stdout.flush()

    def show_progress(self, worker: Worker) -> None:
        if self.stdout.isatty():
            line = f"\r{worker.engine.answered} answered, {len(worker.engine.slots.in_flight)} in flight "
            self.stdout.write(line, ending="")
            self.stdout.flush()


class Interrupts:
    """Remembers the first SIGTERM or SIGINT; a second one ends the process at once.

    Nothing is raised: an exception in the midst of Thread.join would have Python 3.11 take the thread for ended.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other hears signals
            self._before = {
                number: signal.signal(number, self._remember) for number in (signal.SIGTERM, signal.SIGINT)
            }
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        for each in self._before:
            signal.signal(each, signal.SIG_DFL)

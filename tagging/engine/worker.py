"""The worker: claims due jobs, has their extractions run in slots beside it, and settles what has finished.

One thread does all of its database work, on one connection, and never during a call to the model. The slots are
threads that only extract. What wakes it is the mailbox: new ids, and the ids of finished extractions.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.utils.module_loading import import_string

from tagging.engine import process_lock
from tagging.engine.slots import OUTAGE, Outcome, Slots, internal_error
from tagging.extraction.base import ExtractionError, Extractor, WaitingFor
from tagging.models import Attempt, Job, Provider, Spending
from tagging.models.job import Fence, wait_after
from tagging.models.spending import BudgetReachedError
from tagging.transports.memory import FINISHED, Mailbox

logger = logging.getLogger(__name__)

# How long finished calls of a backlog wait for others, to be settled in one commit.
GATHER_SECONDS = 0.003
# How long a worker believes what it read of the provider, unless it has news itself.
PROVIDER_SECONDS = 0.25
# The longest rest after trouble that does not end, in seconds.
MAX_REST_SECONDS = 1.0


class Worker:
    """Turns in a thread of its own (`start`, `stop`), or in the caller's until the queue is empty (`drain`)."""

    def __init__(self, mailbox: Mailbox, extractor: Extractor | None = None) -> None:
        self.mailbox = mailbox
        self.turned_at = time.monotonic()
        self.trouble = 0  # turns in a row that raised
        # Called after each commit with the ids of the jobs that have left our hands; a transport may wait for them.
        self.on_settled: Callable[[set[int]], None] = lambda job_ids: None
        self._extractor = extractor
        self._thread = threading.Thread(target=self._run, name="tagging-worker", daemon=True)
        self._stopping = threading.Event()
        self._stop_at = math.inf
        self._sweep_at = self._renew_at = self._ask_provider_at = 0.0
        self._is_work_likely = True
        self._has_lost_claims = False
        self._provider = Provider()

    # Built in the first turn, so that whatever is wrong with them is the loop's trouble, not a request's.

    @cached_property
    def owner(self) -> process_lock.Owner:
        return process_lock.Owner()

    @cached_property
    def slots(self) -> Slots:
        extractor = self._extractor or import_string(settings.TAGGING_EXTRACTOR).from_settings(settings)
        return Slots(extractor, self.mailbox, settings.TAGGING_CONCURRENCY)

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout: float) -> None:
        """Claim no more, wait up to `timeout` seconds for what is in flight, and give the rest back."""
        self._stop_at = time.monotonic() + timeout
        self._stopping.set()
        self.mailbox.ring(FINISHED)
        self._thread.join(timeout + 5)  # a margin for the last transaction

    def drain(self) -> None:
        """Run all jobs that are due and return when none is left, or when the provider asks us to wait."""
        while True:
            if not self.slots.in_flight:
                self._sweep()
            moved = self.turn()
            if self.slots.in_flight:
                self.mailbox.wait(self._seconds_until_chores())
            elif not moved:
                return

    def close(self) -> None:
        """Settle what has finished, give back what has not, and let go of everything."""
        self._settle(self.slots.finished())
        Job.objects.release(Job.objects.held_by(self.owner.name))
        self.slots.close()
        self.owner.close()

    def _run(self) -> None:
        apps.ready_event.wait()
        try:
            while not self._is_finished():
                try:
                    self.turn()
                    self.trouble = 0
                    is_full = not self.slots.free
                    if self.mailbox.wait(self._seconds_until_chores(), muted=is_full) - {FINISHED} or is_full:
                        self._is_work_likely = True
                except Exception as exception:
                    self._note_trouble(exception)
                    self._stopping.wait(min(MAX_REST_SECONDS, 0.1 * 2 ** min(self.trouble, 10)))
            self.close()
        except Exception as exception:
            self._note_trouble(exception)
        finally:
            with suppress(Exception):  # it may never have been built
                self.owner.abandon()  # if jobs are left, others see the lock fall and take them back
            connection.close()

    def _is_finished(self) -> bool:
        """Say whether it is time to go: told to stop, and nothing in flight or no time left for it."""
        if not self._stopping.is_set():
            return False
        return self.trouble > 0 or not self.slots.in_flight or time.monotonic() >= self._stop_at

    def _note_trouble(self, exception: Exception) -> None:
        """Log trouble when it begins, not as long as it lasts, and let go of the connection it may come from."""
        self.trouble += 1
        if self.trouble == 1 and isinstance(exception, DatabaseError):
            # Its first line only: what follows may quote the row, and so the entry.
            logger.warning("The worker waits for the database: %s", str(exception).partition("\n")[0])
        elif self.trouble == 1:
            logger.error("The worker stumbled and goes on", exc_info=exception)
        with suppress(Exception):
            connection.close()
        self._is_work_likely = True

    # -- one turn ------------------------------------------------------------------------------------------------

    def turn(self) -> bool:
        """Claim, settle, do the chores whose time has come; return whether jobs moved."""
        self.slots.staff()
        self._gather()
        outcomes = self.slots.finished()
        if self.trouble or any(outcome.error for outcome in outcomes):
            # What went wrong may tell us to call less, or not at all; and no call begins that could not be settled.
            self._settle(outcomes)
            claimed = self._claim()
        else:
            # The next calls run while these are settled.
            claimed = self._claim()
            self._settle(outcomes)
        now = time.monotonic()
        if now >= self._sweep_at:
            self._sweep()
            self._sweep_at = now + settings.TAGGING_SWEEP_SECONDS
        if now >= self._renew_at:
            if self.slots.in_flight:
                Job.objects.renew(self.slots.in_flight.values(), lease_seconds=settings.TAGGING_LEASE_SECONDS)
            self._renew_at = now + settings.TAGGING_LEASE_SECONDS / 3
        self.turned_at = now
        return bool(outcomes) or claimed > 0

    def _gather(self) -> None:
        """Wait a moment for calls that are about to finish too, so that they are settled in one commit.

        Only in a backlog or with all slots full: the result of a lone call, or of one of the last, is settled at once.
        """
        until = time.monotonic() + GATHER_SECONDS
        while self._is_work_likely and 0 < len(self.slots.finished()) < len(self.slots.in_flight):
            if not self.mailbox.wait(until - time.monotonic()):
                return

    def _claim(self) -> int:
        """Claim as many jobs as calls may begin, and begin them; return how many."""
        wanted = self._calls_allowed() if self._is_work_likely and not self._stopping.is_set() else 0
        if not wanted:
            return 0
        extractor = self.slots.extractor
        is_paid = extractor.is_paid
        lease_seconds = settings.TAGGING_LEASE_SECONDS
        lost_before, self._has_lost_claims = self._has_lost_claims, True  # until their calls have begun
        try:
            jobs = Job.objects.claim(wanted, owner=self.owner.name, lease_seconds=lease_seconds, is_paid=is_paid)
        except BudgetReachedError:
            Provider.objects.pause_for_budget()
            self._ask_provider_at = 0.0
            self._has_lost_claims = lost_before
            return 0
        known = Attempt.objects.known_answers(jobs, extractor) if is_paid else {}
        if self._provider.is_refusing and len(known) == len(jobs):
            Provider.objects.return_probe()
        self.slots.start(jobs, known)
        self._has_lost_claims = lost_before
        # As many as we asked for: there may be more behind them.
        self._is_work_likely = len(jobs) == wanted
        return len(jobs)

    def _calls_allowed(self) -> int:
        """Return how many calls may begin now, by our slots and by what all processes know of the provider."""
        if not self.slots.free:
            return 0
        if time.monotonic() >= self._ask_provider_at:
            self._provider = Provider.objects.current()
            self._ask_provider_at = time.monotonic() + PROVIDER_SECONDS
        if self._provider.is_paused:
            return 0
        if self._provider.is_refusing:
            return int(Job.objects.due().exists() and Provider.objects.take_probe())
        return self.slots.free

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        """Settle all these in one transaction; what cannot be committed now stays and is tried again."""
        try:
            self._settle_together(outcomes)
        except (DataError, IntegrityError):  # one of them the database will never take; it must not hold the others up
            for outcome in outcomes:
                self._settle_alone(outcome)

    def _settle_alone(self, outcome: Outcome) -> None:
        try:
            self._settle_together([outcome])
        except (DataError, IntegrityError) as exception:
            job = outcome.attempt.job
            logger.error("job=%s: the database refuses its outcome: %s", job.pk, type(exception).__name__)
            error = internal_error(exception)
            failed = job.new_attempt(
                outcome=Attempt.Outcome.FAILED, error_code=error.code, error_detail="The database refused the answer."
            )
            error.permanent = True
            self._settle_together([Outcome(failed, error=error)])

    def _settle_together(self, outcomes: Sequence[Outcome]) -> None:
        if not outcomes:
            return
        answers = [outcome.attempt for outcome in outcomes if not outcome.error]
        failures = [(outcome.attempt, outcome.error) for outcome in outcomes if outcome.error]
        with transaction.atomic():
            if failures or not self._provider.is_clean:
                Provider.objects.lock()
            held = Job.objects.complete(answers) if answers else set()
            held |= self._settle_failures(failures) if failures else set()
            if not self._provider.is_clean and any(outcome.provider_answered for outcome in outcomes):
                Provider.objects.note_answer()
        if failures or not self._provider.is_clean:
            self._ask_provider_at = 0.0
        for outcome in outcomes:
            if outcome.attempt.job.fence not in held:
                logger.info("%s is dropped: its claim is gone", outcome.attempt)
        self.slots.settled(outcomes)
        self.on_settled({outcome.attempt.job_id for outcome in outcomes})
        self.slots.grow(sum(outcome.provider_answered for outcome in outcomes))

    def _settle_failures(self, failures: Sequence[tuple[Attempt, ExtractionError]]) -> set[Fence]:
        """Give back, discard or retry; return the fences that held."""
        outages = [error for _, error in failures if error.code in OUTAGE]
        was_refusing = self._provider.is_refusing
        if outages:
            self._provider = Provider.objects.note_failures(len(outages), outages[0])
        held: set[Fence] = set()
        for attempt, error in failures:
            # While the breaker is open an outage is known: then its probes cost no attempt.
            if error.waiting_for or (was_refusing and error.code in OUTAGE):
                held |= self._wait_for_provider(attempt, error)
            elif error.permanent or attempt.number >= settings.TAGGING_MAX_ATTEMPTS:
                held |= Job.objects.discard(attempt)
            else:
                held |= Job.objects.retry(attempt, wait_seconds=error.retry_after or wait_after(attempt.number))
        return held

    def _wait_for_provider(self, attempt: Attempt, error: ExtractionError) -> set[Fence]:
        provider = Provider.objects.pause(error)
        if error.waiting_for == WaitingFor.RATE_LIMIT and provider.refusals != self._provider.refusals:
            self.slots.shrink()
        self._provider = provider
        Spending.objects.add(attempt.price)  # a first answer may have been paid before a repair was refused
        return Job.objects.release(
            [attempt.job],
            waiting_for=provider.waiting_for,
            wait_seconds=provider.wait_seconds,
            code=error.code,
            detail=error.detail[:500],
        )

    def _sweep(self) -> None:
        """Take back what dead workers held, and look for due jobs that nobody rang for."""
        with process_lock.dead_owners() as dead:
            recovered = Job.objects.recover(dead)
        if self._has_lost_claims:
            # Claims that were committed, but trouble came before their calls began.
            held = Job.objects.held_by(self.owner.name)
            Job.objects.release([job for job in held if job.fence not in self.slots.in_flight])
            self._has_lost_claims = False
        if recovered:
            logger.warning("Took back %d jobs of workers that are gone", len(recovered))
        if not self._is_work_likely and Job.objects.due().exists():
            self._is_work_likely = True
            self.mailbox.ring(FINISHED)  # for another turn at once

    def _seconds_until_chores(self) -> float:
        return max(0.0, min(self._sweep_at, self._renew_at) - time.monotonic())

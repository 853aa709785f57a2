"""The daily share of each author: what a claim leaves to others, and the jobs that wait for the next day.

A claim counts, in the transaction that holds the day's row, what the author's calls took and what is reserved for
those that run: so a share is never passed, except by what a call costs above its estimate. A job for which it is too
small is put off to the next day, and taken back where the limit is another one by then. One for which no share would
ever do is let through where nothing of the day's is taken: an author's only call of that day.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from tagging.extraction.base import WaitingFor
from tagging.models import author_spending, spending
from tagging.models.author_spending import AuthorSpending, end_of
from tagging.models.due import Measured
from tagging.models.spending import Price, Spending

if TYPE_CHECKING:
    from tagging.models import Job  # noqa: F401

# So many of an author are put off at once; the others when they are met.
MOST_PUT_OFF = 1_000

# Jobs to claim together, and what to reserve on each.
Portion = tuple[list[int], Price]


class ShareQuerySet(models.QuerySet["Job"]):
    def within_shares(self, jobs: Sequence[Measured], day: date, *, is_more: bool) -> list[Portion]:
        """Return which of these due jobs, which are locked, their authors' shares allow; put off what they do not.

        Those that others of their author leave no room for while they run stay due. is_more: as `claim` has it.
        """
        limit = settings.TAGGING_DAILY_TOKENS_PER_AUTHOR
        estimated = spending.estimate_more if is_more else spending.estimate
        by_author: dict[int, list[Measured]] = {}
        for job in jobs:
            by_author.setdefault(job.author_id, []).append(job)
        spent, reserved = AuthorSpending.objects.of(by_author, day), self._reserved_by(by_author)
        portions: list[Portion] = []
        too_large: list[Measured] = []
        for author, theirs in by_author.items():
            before, held = spent.get(author, 0), reserved.get(author, 0)
            fitting = [job for job in theirs if before + estimated(job.length).tokens <= limit]
            too_large += [job for job in theirs if job not in fitting]
            if not (fitting or before or held):
                too_large.remove(theirs[0])
                portions.append(([theirs[0].pk], estimated(theirs[0].length)))
                continue
            count, each = spending.affordable(
                Price(before + held),
                [job.length for job in fitting],
                estimated,
                lambda price: price.tokens <= limit,
            )
            portions.append(([job.pk for job in fitting[:count]], each))
        if too_large:
            has_spent = {
                job.author_id for job in too_large if spent.get(job.author_id, 0) + estimated(0).tokens > limit
            }
            self._put_off(too_large, has_spent, limit, day)
        return portions

    def _reserved_by(self, authors: Collection[int]) -> dict[int, int]:
        running = self.filter(lease_expires_at__isnull=False, author_id__in=authors).order_by()
        return dict(running.values_list("author_id").annotate(models.Sum("reserved_tokens")))

    def _put_off(self, jobs: Sequence[Measured], authors: Collection[int], limit: int, day: date) -> None:
        """Have these jobs, and all that these authors have due, wait for the end of this day."""
        of_authors = Q(author_id__in=authors, run_after__lte=Now(), in_doubt_since=None, is_private=False)
        theirs = self.filter(of_authors, priority__in=self.model.Priority.values)
        # Not what others hold: they may wait for the day's row, which we have.
        more = (
            theirs.select_for_update(skip_locked=True).values_list("pk", flat=True)[:MOST_PUT_OFF] if authors else ()
        )
        ids = {job.pk for job in jobs}.union(more)
        self.filter(pk__in=ids).update(run_after=end_of(day), waiting_for=WaitingFor.BUDGET)
        AuthorSpending.objects.note_waiting({job.author_id for job in jobs}, limit, day)

    def end_outgrown_waits(self, limit: int) -> None:
        """Make due what waits for the next day under another limit than this, which is in force; 0 for none."""
        day = author_spending.today()
        outgrown = AuthorSpending.objects.filter(day=day, waits_under__isnull=False).exclude(waits_under=limit)
        authors = list(outgrown.values_list("author_id", flat=True))
        if not authors:
            return
        with transaction.atomic(savepoint=False):
            waiting = self.filter(author_id__in=authors, run_after__gt=Now(), waiting_for=WaitingFor.BUDGET)
            locked = waiting.filter(priority__in=self.model.Priority.values).order_by("pk").select_for_update()
            ids = list(locked.values_list("pk", flat=True))
            Spending.objects.locked(day)  # locked after the jobs, as everywhere
            for portion in (ids[start : start + MOST_PUT_OFF] for start in range(0, len(ids), MOST_PUT_OFF)):
                self.filter(pk__in=portion).update(run_after=F("queued_at"), waiting_for="")
            outgrown.filter(author_id__in=authors).update(waits_under=None)

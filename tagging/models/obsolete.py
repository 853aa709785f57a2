"""Attempts that nothing needs any more: the oldest part of a timeline, of which no other figure is made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from tagging.models import sql
from tagging.models.attempt import Attempt
from tagging.models.job import Job
from tagging.models.tag import DevLogTag

DELETE = "DELETE FROM tagging_attempt WHERE id IN {portion}"


def obsolete(before: datetime) -> QuerySet[Attempt]:
    """Return the attempts that ended before this and that nothing needs.

    Whatever their age these stay: what a tag names as its source; of each dev-log the newest attempt, the newest
    answer, and the newest one that was paid for and shared with nobody, which is the ledger's; and all of a job that
    is under way.
    """
    later = Attempt.objects.filter(job=OuterRef("job"), pk__gt=OuterRef("pk"))
    answers = later.filter(outcome=Attempt.Outcome.ANSWERED, entries_in_call__lte=OuterRef("entries_in_call"))
    paid = answers.filter(prompt_version__isnull=False)
    is_no_answer = ~Q(outcome=Attempt.Outcome.ANSWERED)
    is_superseded = Q(is_no_answer, Exists(later)) | Q(Exists(answers), prompt_version=None) | Q(Exists(paid))
    of_final = Attempt.objects.filter(finished_at__lt=before, job__state__in=Job.FINAL)
    return of_final.filter(is_superseded, ~Exists(DevLogTag.objects.filter(attempt=OuterRef("pk"))))


def delete(attempt_ids: Sequence[int]) -> None:
    """Delete these obsolete attempts: Django's own way would look for tags that name them, and read each answer.

    None becomes of use again: what is new to name an attempt, a tag or a job, names the newest.
    """
    for portion in sql.portions(attempt_ids):
        sql.run(DELETE.format(portion=sql.marks(portion)), portion)

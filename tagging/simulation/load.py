"""Many simulated jobs at once, written as the views write one; and whether their outputs are right."""

from __future__ import annotations

import random

from django.conf import settings
from django.db.models import QuerySet

from devlogs import entries
from devlogs.models import DevLog
from tagging.extraction.fibonacci import MAX_N, PREFIX, Task, fibonacci, task_in
from tagging.models import Attempt, Job

BATCH = 500


def has_real_entries() -> bool:
    return DevLog.objects.exclude(entry__startswith=PREFIX).exists()


def enqueue(jobs: int, seed: int) -> QuerySet[Job]:
    """Write so many jobs and return them, the newest of all."""
    dice = random.Random(seed)
    newest = DevLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    for begin in range(0, jobs, BATCH):
        tasks = [Task(dice.randint(0, MAX_N), settings.TAGGING_SIMULATED_MOD) for _ in range(begin, jobs)[:BATCH]]
        entries.write_many([DevLog(entry=task.entry) for task in tasks])
    return Job.objects.filter(pk__gt=newest)


def wrong_outputs(jobs: QuerySet[Job]) -> int:
    """Count the answers that are not the number that their entry asks for."""
    answered = Attempt.objects.filter(job__in=jobs, outcome=Attempt.Outcome.ANSWERED)
    outputs = answered.values_list("job__devlog__entry", "answer")
    return sum(1 for entry, answer in outputs if answer != {"output": fibonacci(*(task_in(entry) or Task(0, 1)))})

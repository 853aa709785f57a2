"""Many simulated jobs at once, written as the views write one; and whether their outputs are right."""

from __future__ import annotations

import random

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from tagging.extraction.fibonacci import MAX_N, PREFIX, Task, fibonacci, task_in
from tagging.models import Attempt, Job

BATCH = 500


def has_real_entries() -> bool:
    return apps.get_model("devlogs", "DevLog").objects.exclude(entry__startswith=PREFIX).exists()


def enqueue(jobs: int, seed: int) -> QuerySet[Job]:
    """Write so many jobs and return them, the newest of all.

    Nothing is rung: whatever transport the settings name carries the real jobs' ids, and the worker begins with a
    look at what is due anyway.
    """
    dice = random.Random(seed)
    model = apps.get_model("devlogs", "DevLog")
    ids: list[int] = []
    for begin in range(0, jobs, BATCH):
        tasks = [Task(dice.randint(0, MAX_N), settings.TAGGING_SIMULATED_MOD) for _ in range(begin, jobs)[:BATCH]]
        with transaction.atomic():
            devlogs = model.objects.bulk_create([model(entry=task.entry) for task in tasks])
            ids += [devlog.pk for devlog in devlogs]
            Job.objects.enqueue(ids[begin:])
    return Job.objects.filter(pk__gte=ids[0])


def wrong_outputs(jobs: QuerySet[Job]) -> int:
    """Count the answers that are not the number that their entry asks for."""
    answered = Attempt.objects.filter(job__in=jobs, outcome=Attempt.Outcome.ANSWERED)
    outputs = answered.values_list("job__devlog__entry", "answer")
    return sum(1 for entry, answer in outputs if answer != {"output": fibonacci(*(task_in(entry) or Task(0, 1)))})

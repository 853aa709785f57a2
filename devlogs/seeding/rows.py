"""The year as rows: dev-logs, and their jobs, attempts, tags and spending as if the service had run all along.

The embedded extractor finds the tags here and now. What is written of a model, its tokens and its cost, is made up;
no such answer stands in the ledger, so none of them is ever taken for a real one.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from django.conf import settings
from django.contrib.auth.models import User

from devlogs.models import DevLog
from devlogs.seeding.fates import Fate, Try
from devlogs.seeding.story import AUTHORS
from devlogs.seeding.texts import Texts
from tagging.curation import edits
from tagging.engine.attempting import make_attempt
from tagging.extraction.base import WaitingFor
from tagging.extraction.embedded.extractor import EmbeddedExtractor
from tagging.extraction.openai import prompt
from tagging.extraction.openai.client import OpenAIExtractor
from tagging.extraction.openai.usage import tokens_in
from tagging.models import Attempt, AuthorSpending, DevLogTag, Job, Spending, sql
from tagging.models.spending import Price

# Of what a call for one entry answers, in tokens: for the whole, and for each technology.
ANSWER_TOKENS, TECHNOLOGY_TOKENS = 14, 21
# Of every so many, people set a tag or took one off.
SET_EVERY, TAKEN_OFF_EVERY = 35, 90

Spent = dict[date, dict[int, Price]]


def save(fates: Sequence[Fate], users: Mapping[str, User], today: date) -> Iterator[int]:
    """Write all rows, to be called in one transaction; yield how many dev-logs are done."""
    extractor = EmbeddedExtractor()
    spent: Spent = defaultdict(dict)
    done = 0
    for portion in sql.portions(fates):
        attempts: list[Attempt] = []
        for fate, job in zip(portion, save_jobs(portion, users), strict=True):
            attempts += [attempt_at(job, number, each, fate, extractor) for number, each in enumerate(fate.tries, 1)]
        Attempt.objects.bulk_create(attempts)
        DevLogTag.objects.replace([each for each in attempts if each.outcome == Attempt.Outcome.ANSWERED])
        note_spending(spent, attempts)
        done += len(portion)
        yield done
    save_spending(spent, today)
    change_by_hand(users)


def save_jobs(fates: Sequence[Fate], users: Mapping[str, User]) -> list[Job]:
    devlogs = DevLog.objects.bulk_create(
        DevLog(
            entry=fate.written.entry,
            author=users[fate.written.author],
            created_at=fate.written.at,
            is_private=fate.written.is_private,
        )
        for fate in fates
    )
    return Job.objects.bulk_create(job_of(devlog, fate) for devlog, fate in zip(devlogs, fates, strict=True))


def job_of(devlog: DevLog, fate: Fate) -> Job:
    # What nobody has tried yet is asked for only now: a wait of days would be told as the service's own.
    asked_at = fate.due_at if fate.due_at and not fate.tries else fate.written.at
    job = Job(devlog=devlog, attempts=len(fate.tries), queued_at=asked_at, run_after=fate.due_at)
    ended = fate.tries[-1].ended if fate.tries else fate.written.at
    if fate.fault:
        job.error_code, job.error_detail = fate.fault.code, fate.fault.detail
    if fate.tries:
        job.started_at = fate.tries[-1].begun
    if fate.due_at:
        job.state = Job.State.PENDING
        job.waiting_for = WaitingFor.RETRY if fate.tries else ""
    else:
        job.state = Job.State.FAILED if fate.fault else Job.State.DONE
        job.finished_at = ended
    return job


def attempt_at(job: Job, number: int, each: Try, fate: Fate, extractor: EmbeddedExtractor) -> Attempt:
    """Return one attempt as it would have been noted."""
    attempt = make_attempt(extractor, job).attempt
    attempt.number, attempt.started_at, attempt.finished_at = number, each.begun, each.ended
    if fate.is_by_model:
        attempt.extractor, attempt.model = OpenAIExtractor.name, settings.OPENAI_MODEL
        # Without a digest it is no answer that the ledger knows.
        attempt.prompt_version, attempt.entry_digest = prompt.VERSION, ""
    if fate.is_by_model and (not each.fault or each.fault.is_paid):
        attempt.input_tokens = tokens_in(len(prompt.SYSTEM) + len(job.devlog.entry))
        attempt.output_tokens = ANSWER_TOKENS + TECHNOLOGY_TOKENS * len(attempt.mentions)
        attempt.cost = Price.of(attempt.input_tokens, attempt.output_tokens).cost
    if each.fault:
        attempt.outcome, attempt.answer, attempt.mentions = Attempt.Outcome.FAILED, None, ()
        attempt.error_code, attempt.error_detail = each.fault.code, each.fault.detail
    return attempt


# -- spending ------------------------------------------------------------------------------------------------------


def note_spending(spent: Spent, attempts: Sequence[Attempt]) -> None:
    for each in attempts:
        of_day = spent[each.started_at.date()]
        of_day[each.job.author_id] = of_day.get(each.job.author_id, Price()) + each.price


def save_spending(spent: Spent, today: date) -> None:
    """Write what each day cost but today, whose budget is for what is really asked."""
    days = {day: prices for day, prices in spent.items() if day < today}
    totals = {day: sum(prices.values(), Price()) for day, prices in days.items()}
    Spending.objects.bulk_create(Spending(day=day, tokens=each.tokens, cost=each.cost) for day, each in totals.items())
    AuthorSpending.objects.bulk_create(
        AuthorSpending(day=day, author_id=author, tokens=price.tokens)
        for day, prices in days.items()
        for author, price in prices.items()
        if price.tokens
    )


# -- by hand -------------------------------------------------------------------------------------------------------


def change_by_hand(users: Mapping[str, User]) -> None:
    """Have the authors set a tag here and there, also where tagging failed, and take one off."""
    dice = random.Random("by hand")
    names = {author.name: Texts(*author.texts).lines("hand", 100) for author in AUTHORS}
    final = DevLog.objects.filter(author__in=users.values(), job__state__in=Job.FINAL).select_related("author", "job")
    for number, devlog in enumerate(final.order_by("created_at", "pk").iterator()):
        person = users[devlog.author.username] if devlog.author else None
        if not person:
            continue
        if (devlog.job.state == Job.State.FAILED and dice.random() < 0.4) or number % SET_EVERY == SET_EVERY - 1:
            edits.add(devlog, dice.choice(names[person.username]), person)
        if number % TAKEN_OFF_EVERY == TAKEN_OFF_EVERY - 1 and (tag := devlog.tags.order_by("slug").last()):
            edits.remove(devlog, tag.name, person)

"""Ask once more for the tags of many dev-logs, behind what people wait for.

What is queued already is never chosen: the command may be interrupted and repeated at any time.
"""

from argparse import ArgumentTypeError
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Length
from django.utils.module_loading import import_string
from django.utils.timezone import is_naive, make_aware

from tagging import queues
from tagging.curation import vocabulary
from tagging.management.arguments import positive
from tagging.management.progress import draw_bar
from tagging.models import Attempt, Job, spending
from tagging.models.transitions import JobQuerySet

BATCH = 500
INTERRUPTED = 130


def moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date: write 2026-01-31 or 2026-01-31T09:30.") from error
    return make_aware(at) if is_naive(at) else at


class Command(BaseCommand):
    help = "Queue dev-logs to be tagged again. Each option narrows the choice; what is queued already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--state", choices=Job.State.values, help="what became of the last tagging")
        parser.add_argument("--tag", help="carrying this tag: its name or slug")
        parser.add_argument("--author", help="written by this user")
        parser.add_argument("--since", type=moment, help="written at this time or later: 2026-01-31, in UTC")
        parser.add_argument("--extractor", help="last answered by this extractor: embedded, openai")
        parser.add_argument("--prompt-version-below", type=positive, help="last answered under an older prompt")
        parser.add_argument("--limit", type=positive, help="no more than so many, the oldest first")
        parser.add_argument("--dry-run", action="store_true", help="only count them")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, limit: int | None, dry_run: bool, yes: bool, **options: Any) -> None:
        jobs = chosen(options)
        measured = jobs.annotate(length=Length("devlog__entry")).order_by("pk")[:limit]
        sums = measured.aggregate(count=Count("pk"), characters=Sum("length"))
        count = sums["count"]
        if not count:
            self.stdout.write("No dev-log to tag again.")
            return
        self.stdout.write(f"{count} dev-logs to tag again, {cost_of(count, sums['characters'])}.")
        if dry_run:
            self.stdout.write("Nothing was queued.")
            return
        if not yes:
            self.ask()
        self.queue(jobs, count)

    def ask(self) -> None:
        try:
            answer = input("Queue them? [y/N] ")
        except EOFError as error:
            raise CommandError("Nothing was queued. Where there is no terminal, add --yes.") from error
        if answer.strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was queued.")

    def queue(self, jobs: JobQuerySet, count: int) -> None:
        queued = last = 0
        try:
            while queued < count:
                with transaction.atomic():
                    ids = list(jobs.filter(pk__gt=last).values_list("pk", flat=True)[: min(BATCH, count - queued)])
                    asked = queues.retag(ids, is_bulk=True)
                if not ids:  # other commands were faster
                    break
                queued, last = queued + len(asked), ids[-1]
                self.show(queued, count)
        except KeyboardInterrupt as error:
            message = f"Interrupted: {queued} of {count} dev-logs are queued; repeat the command for the others."
            raise CommandError(message, returncode=INTERRUPTED) from error
        self.stdout.write(f"Queued {queued} dev-logs to be tagged again.")

    def show(self, queued: int, count: int) -> None:
        draw_bar(self.stdout, queued, count)
        if queued < count and not self.stdout.isatty():
            self.stdout.write(f"{queued} of {count}")


def chosen(options: dict[str, Any]) -> JobQuerySet:
    """Return the jobs that these options name and that are not under way."""
    answers = Attempt.objects.filter(job=OuterRef("pk"), outcome=Attempt.Outcome.ANSWERED).order_by("-pk")
    jobs = Job.objects.exclude(state__in=Job.UNFINISHED).order_by("pk")
    if state := options["state"]:
        jobs = jobs.filter(state=state)
    if name := options["tag"]:
        tag = vocabulary.find(name)
        if not tag:
            raise CommandError(f"There is no tag {name!r}.")
        jobs = jobs.filter(devlog__taggings__tag=tag)
    if name := options["author"]:
        author = get_user_model()._default_manager.filter(username=name).first()
        if not author:
            raise CommandError(f"There is no user {name!r}.")
        jobs = jobs.filter(devlog__author=author)
    if since := options["since"]:
        jobs = jobs.filter(devlog__created_at__gte=since)
    if name := options["extractor"]:
        jobs = jobs.alias(answered_by=Subquery(answers.values("extractor")[:1])).filter(answered_by=name)
    if version := options["prompt_version_below"]:
        jobs = jobs.alias(prompt=Subquery(answers.values("prompt_version")[:1])).filter(prompt__lt=version)
    return jobs


def cost_of(count: int, characters: int) -> str:
    """Say what the extractor that is set will cost for so many entries, of so many characters together.

    The ledger saves none of it: a retag asks the model, also where it answered the same entry before.
    """
    extractor = import_string(settings.TAGGING_EXTRACTOR)
    if not extractor.is_paid:
        return f"for nothing ({extractor.name})"
    price = spending.estimate(-(-characters // count)).times(count)
    return (
        f"each by a new call, for at most {price.cost:.2f} $ if none fails ({extractor.name}, {price.tokens} tokens)"
    )

"""Ask once more for the tags of many dev-logs, behind what people wait for; of those without a job for the first time.

What is queued already is never chosen: the command may be interrupted and repeated at any time. It queues in portions,
between which the writers of a serving process get in.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Mod

from devlogs.models import DevLog
from tagging import queues
from tagging.curation import vocabulary
from tagging.engine.batches import Portions
from tagging.extraction.openai.house import WORDINGS
from tagging.management.arguments import moment, positive
from tagging.management.progress import draw_bar
from tagging.models import Attempt, Job
from tagging.models.forecast import cost_of

NO_JOB = "none"
INTERRUPTED = 130
STATE = f"what became of the last tagging; {NO_JOB}: there was none, as they came by another way than the API"


class Command(BaseCommand):
    help = "Queue dev-logs to be tagged again. Each option narrows the choice; what is queued already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--state", choices=[*Job.State.values, NO_JOB], help=STATE)
        parser.add_argument("--tag", help="carrying this tag: its name or slug")
        parser.add_argument("--author", help="written by this user")
        parser.add_argument("--since", type=moment, help="written at this time or later: 2026-01-31, in UTC")
        parser.add_argument("--extractor", help="last answered by this extractor: embedded, openai")
        parser.add_argument("--prompt-version-below", type=positive, help="last answered under an older prompt")
        parser.add_argument("--limit", type=positive, help="no more than so many, the oldest first")
        parser.add_argument("--dry-run", action="store_true", help="only count them")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, limit: int | None, dry_run: bool, yes: bool, **options: Any) -> None:
        devlogs = chosen(options)
        count = devlogs[:limit].count()
        if not count:
            self.stdout.write("No dev-log to tag again.")
            return
        new = devlogs.filter(job=None)[:limit].count()
        for_the_first_time = f" ({new} of them for the first time: they have no job)" if new else ""
        self.stdout.write(f"{count} dev-logs to tag again{for_the_first_time}, {cost_of(devlogs[:limit], count)}.")
        if dry_run:
            self.stdout.write("Nothing was queued.")
            return
        if not yes:
            self.ask()
        self.queue(devlogs, count)

    def ask(self) -> None:
        try:
            answer = input("Queue them? [y/N] ")
        except EOFError as error:
            raise CommandError("Nothing was queued. Where there is no terminal, add --yes.") from error
        if answer.strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was queued.")

    def queue(self, devlogs: QuerySet[DevLog], count: int) -> None:
        queued, asked = 0, list[int]()

        def retag(ids: Sequence[int]) -> None:
            asked[:] = queues.retag(ids, is_bulk=True)

        portions = Portions([devlogs])
        try:
            while queued < count and portions.do(retag, at_most=count - queued):  # or other commands were faster
                queued += len(asked)
                self.show(queued, count)
        except KeyboardInterrupt as error:
            message = f"Interrupted: {queued} of {count} dev-logs are queued; repeat the command for the others."
            raise CommandError(message, returncode=INTERRUPTED) from error
        self.stdout.write(f"Queued {queued} dev-logs to be tagged again.")

    def show(self, queued: int, count: int) -> None:
        draw_bar(self.stdout, queued, count)
        if queued < count and not self.stdout.isatty():
            self.stdout.write(f"{queued} of {count}")


def chosen(options: dict[str, Any]) -> QuerySet[DevLog]:
    """Return the dev-logs that these options name and that are not under way."""
    answers = Attempt.objects.filter(job=OuterRef("pk"), outcome=Attempt.Outcome.ANSWERED).order_by("-pk")
    devlogs = DevLog.objects.exclude(job__state__in=Job.UNFINISHED).order_by("pk")
    if state := options["state"]:
        devlogs = devlogs.filter(job=None) if state == NO_JOB else devlogs.filter(job__state=state)
    if name := options["tag"]:
        tag = vocabulary.find(name)
        if not tag:
            raise CommandError(f"There is no tag {name!r}.")
        devlogs = devlogs.filter(taggings__tag=tag)
    if name := options["author"]:
        author = get_user_model()._default_manager.filter(username=name).first()
        if not author:
            raise CommandError(f"There is no user {name!r}.")
        devlogs = devlogs.filter(author=author)
    if since := options["since"]:
        devlogs = devlogs.filter(created_at__gte=since)
    if name := options["extractor"]:
        devlogs = devlogs.alias(answered_by=Subquery(answers.values("extractor")[:1])).filter(answered_by=name)
    if version := options["prompt_version_below"]:
        wording = Mod(Subquery(answers.values("prompt_version")[:1]), WORDINGS)
        devlogs = devlogs.alias(prompt=wording).filter(prompt__lt=version)
    return devlogs

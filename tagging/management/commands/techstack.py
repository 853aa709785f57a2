"""Print the tech stack of an author's dev-logs, or of all: the same bytes as the API answers the author."""

from argparse import ArgumentTypeError
from datetime import date

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from devlogs.models import DevLog
from tagging.management.arguments import between
from tagging.stack.answer import MOST, USUAL_LIMIT, MisplacedError, Wish, answer
from tagging.stack.figures import Grouping
from tagging.stack.formats import Format
from tagging.stack.period import PeriodError, Range, period
from tagging.stack.prompt import LEAST_TOKENS, MOST_TOKENS, USUAL_TOKENS


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no day: write 2026-01-31.") from error


class Command(BaseCommand):
    help = "Print the technologies of an author's dev-logs, or of all: how often, since when, who said so."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--author", help="written by this user; else by anybody, and then without private quotes")
        parser.add_argument("--format", choices=[str(name) for name in Format], default=str(Format.JSON))
        parser.add_argument(
            "--range", choices=[str(name) for name in Range], help="last_6_months unless days are given"
        )
        parser.add_argument("--since", type=day, help="the first day, in UTC: 2026-01-31")
        parser.add_argument("--until", type=day, help="the last day, no later than today")
        parser.add_argument("--group-by", choices=[str(name) for name in Grouping])
        parser.add_argument("--limit", type=between(1, MOST), default=USUAL_LIMIT, help="the most used first")
        tokens = between(LEAST_TOKENS, MOST_TOKENS)
        parser.add_argument("--max-tokens", type=tokens, help=f"of the format prompt; {USUAL_TOKENS} unless given")
        parser.add_argument("--evidence", action="store_true", help="with the newest quote of each")

    def handle(
        self,
        *args: str,
        author: str | None,
        format: str,  # noqa: A002 - the option's name
        range: str | None,  # noqa: A002
        since: date | None,
        until: date | None,
        group_by: str | None,
        limit: int,
        max_tokens: int | None,
        evidence: bool,
        **options: object,
    ) -> None:
        devlogs, reader = DevLog.objects.all(), None
        if author is not None:
            reader = get_user_model()._default_manager.filter(username=author).first()
            if not reader:
                raise CommandError(f"There is no user {author!r}.")
            devlogs = devlogs.filter(author=reader.pk)
        try:
            meant = period(range, since, until)
            grouping = Grouping(group_by) if group_by else None
            wish = Wish(meant, Format(format), grouping, limit, max_tokens, evidence)
            wish.check()
        except (PeriodError, MisplacedError) as error:
            raise CommandError(str(error)) from error
        content, _ = answer(devlogs, wish, reader)
        self.stdout.write(content.decode(), ending="")

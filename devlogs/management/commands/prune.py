"""Delete what has had its time: portion by portion, beside a serving process; it may be killed and repeated."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError, CommandParser

from devlogs.data import leftovers
from devlogs.data.pruning import (
    ADMIN_LOG,
    ATTEMPTS,
    AUTHOR_SPENDING,
    BATCHES,
    DEVLOGS,
    FEWEST_DAYS,
    Kind,
    entries_before,
    kinds,
    unused_tags,
)
from devlogs.data.tables import table
from tagging.management.arguments import at_least, moment
from tagging.management.progress import draw_bar

INTERRUPTED = 130
AGES = (
    f"days that it is kept; without it attempts {ATTEMPTS}, spending by author {AUTHOR_SPENDING}, batches {BATCHES}, "
    f"the admin's log {ADMIN_LOG}. What has ended by itself (tokens, sessions, keys, counts) goes at once"
)


class Command(BaseCommand):
    help = (
        "Delete what has had its time: old attempts on which neither a tag nor the ledger rests, expired tokens, "
        "ended sessions and the like. Never a tag on a dev-log nor what a day cost; dev-logs only where told."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--older-than", type=at_least(FEWEST_DAYS), metavar="DAYS", help=AGES)
        parser.add_argument(
            "--entries-before", type=moment, metavar="DATE", help="also the dev-logs written before; asks first"
        )
        parser.add_argument("--unused-tags", action="store_true", help="also the names on no dev-log, undecided ones")
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(
        self,
        *args: object,
        older_than: int | None,
        entries_before: datetime | None,
        unused_tags: bool,
        dry_run: bool,
        yes: bool,
        **options: object,
    ) -> None:
        chosen = all_of(older_than, entries_before, unused_tags)
        counted = {kind: kind.count() for kind in chosen}
        if dry_run:
            self.show("may go", counted)
            self.stdout.write("Nothing was deleted.")
            return
        devlogs = sum(count for kind, (count, _) in counted.items() if kind.name == DEVLOGS)
        if devlogs and not yes:
            self.ask(devlogs)
        deleted = Counter[Kind]()
        try:
            self.delete(counted, deleted)
        except KeyboardInterrupt as error:
            message = f"Interrupted: {deleted.total():,} rows are deleted; repeat the command for the others."
            raise CommandError(message, returncode=INTERRUPTED) from error
        self.show("deleted", {kind: (deleted[kind], oldest) for kind, (_, oldest) in counted.items()})
        if free := leftovers.free_bytes():
            self.stdout.write(f"Of the file {free / 1e6:,.1f} MB are free for what comes.")

    def show(self, head: str, counted: dict[Kind, tuple[int, str]]) -> None:
        rows = [(kind.name, f"{count:,}", oldest) for kind, (count, oldest) in counted.items()]
        self.stdout.write(table((head, "rows", "oldest"), rows))

    def ask(self, devlogs: int) -> None:
        try:
            answer = input(f"Delete {devlogs:,} dev-logs for ever, with their jobs and tags? [y/N] ")
        except EOFError as error:
            raise CommandError("Nothing was deleted. Where there is no terminal, add --yes.") from error
        if answer.strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was deleted.")

    def delete(self, counted: dict[Kind, tuple[int, str]], deleted: Counter[Kind]) -> None:
        total = sum(count for count, _ in counted.values())
        for kind, (count, _) in counted.items():
            for portion in kind.delete() if count else ():
                deleted[kind] += portion
                draw_bar(self.stderr, min(deleted.total(), total), total)  # more may have come since it was counted
        leftovers.forget_words()


def all_of(older_than: int | None, before: datetime | None, with_unused_tags: bool) -> list[Kind]:
    """Return what may go, in the order in which it goes: names last, as their dev-logs may be among it."""
    chosen = [entries_before(before)] if before else []
    chosen += kinds(older_than)
    return [*chosen, unused_tags()] if with_unused_tags else chosen

"""Forget a person: delete the account, all that was written with it and all that tells of them; may be repeated."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from devlogs import entries
from devlogs.data import forgetting, leftovers
from devlogs.data.tables import table
from tagging.engine.batches import Portions
from tagging.management.progress import draw_bar

INTERRUPTED = 130
REMAINS = """\
What remains, and why:
- backups made before: delete them, or let them grow too old
- what a model was sent before: its provider's rules say how long
- what a day cost, as a sum without names: the budget rests on it
- in the admin's log, the server's and traces: numbers, as "{name}", and neither names nor texts
- what they decided about others' dev-logs and about names: without saying who decided
- dev-logs without an author: nobody knows whose they are"""
IN_FILES = {
    "sqlite": "Nothing of it is left in the file, its index of words and its log (-wal).",
    "postgresql": "PostgreSQL's files hold it until its next vacuum (VACUUM: now), an archived log (WAL) longer.",
}
LOG_IN_USE = (
    "The log beside the file (-wal) was in use just now and may hold some of it still: it is overwritten by what is "
    "written next, and empty once all processes have ended."
)


class Command(BaseCommand):
    help = (
        "Delete a user with all they wrote and all that tells of them, for ever: dev-logs, jobs, attempts, tags, "
        "tokens, sessions, settings, their name in the admin's log. It asks first, and says at the end what remains "
        "and why."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="the user's name")
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: object, user: str, dry_run: bool, yes: bool, **options: object) -> None:
        users = get_user_model()._default_manager
        person = None if "\0" in user else users.filter(username=user).first()
        if not person:
            raise CommandError(f"There is no user {user!r}.")
        counts = forgetting.counted([person.pk])
        what = "would go" if dry_run else "goes"
        self.stdout.write(table((f"{what} with {user}", "rows"), [(name, f"{n:,}") for name, n in counts.items()]))
        if dry_run:
            self.stdout.write("Nothing was deleted.")
            return
        if not yes:
            self.ask(user)
        self.forget(person)
        self.stdout.write(f"Forgotten: {user}, who was user {person.pk}.")
        self.stdout.write(remains(f"user {person.pk}"))

    def ask(self, user: str) -> None:
        try:
            answer = input(f"Delete all of it for ever? Write {user} to say yes: ")
        except EOFError as error:
            raise CommandError("Nothing was deleted. Where there is no terminal, add --yes.") from error
        if answer.strip() != user:
            raise CommandError("Nothing was deleted.")

    def forget(self, person: User) -> None:
        ids = [person.pk]
        forgetting.deactivate(ids)
        rows = forgetting.written_by(ids)
        done, total = 0, sum(each.count() for each in rows)
        portions = Portions(rows)
        try:
            while portion := portions.do(entries.remove):
                done += len(portion)
                draw_bar(self.stderr, done, max(done, total))
            forgetting.forget_people(ids)
            leftovers.forget_words()
        except KeyboardInterrupt as error:
            message = f"Interrupted: {done:,} of {total:,} dev-logs are deleted; repeat the command for the rest."
            raise CommandError(message, returncode=INTERRUPTED) from error


def remains(name: str) -> str:
    """Say what a deletion leaves; cut SQLite's log, which else would still hold the pages of before."""
    is_cut = leftovers.cut_log()
    in_files = IN_FILES[connection.vendor] if is_cut else LOG_IN_USE
    return f"{REMAINS.format(name=name)}\n{in_files}"

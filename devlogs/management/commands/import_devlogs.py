"""Import dev-logs from a file or a folder. It may be interrupted and repeated: what is there is left as it is."""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from devlogs.imports import markdown, tables
from devlogs.imports.found import Found, UnreadableError
from devlogs.imports.importing import PORTION, Import
from tagging.management.progress import draw_bar

INTERRUPTED = 130
WHOSE = 'whose all of them are; else each names its own, or an NDJSON line of an open API says "author": null'
READS = "what devlogs/export/ gives (NDJSON or CSV), a folder of dated Markdown files, or - for standard input"


class Command(BaseCommand):
    help = (
        "Import dev-logs with their dates, and with the tags that people set or took off. Lines that are wrong are "
        "told, the others are imported. It may be repeated at any time: what is there already stays as it is. For "
        "that a Markdown file gets its name as its external id, a line without one import:DIGEST of what it says. "
        f"Of a file's front matter date, {', '.join(markdown.READ)} are read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="FILE_OR_FOLDER", help=READS)
        parser.add_argument(
            "--author",
            metavar="NAME",
            help='whose all of them are; else each names its own (an NDJSON row without one: "author": null)',
        )

    def handle(self, *args: object, source: str, author: str | None, **options: object) -> None:
        work = Import(author=user_named(author) if author else None)
        try:
            with ExitStack() as stack:
                self.import_all(reader(source, stack), work)
        except (OSError, UnreadableError) as error:
            raise CommandError(f"{source} cannot be imported: {error}") from error
        self.stdout.write(f"Imported {work.created} dev-logs; {work.existing} were there already.")
        if work.bad:
            raise CommandError(f"{work.bad} could not be imported, or not as a whole: see above.")

    def import_all(self, read: Callable[[], Iterator[Found]], work: Import) -> None:
        done = total = 0
        try:
            total = sum(1 for _ in read())
            for portion in portions(read()):
                wrong = work.take(portion)
                done += len(portion)
                draw_bar(self.stdout, done, total)
                for message in wrong:
                    self.stderr.write(message)
        except KeyboardInterrupt as error:
            message = f"Interrupted: {done} of {total} dev-logs are done; repeat the command for the others."
            raise CommandError(message, returncode=INTERRUPTED) from error


def user_named(name: str) -> User:
    user = User.objects.filter(username=name).first()
    if not user:
        raise CommandError(f"There is no user {name!r}. Create it in the admin, or with manage.py createsuperuser.")
    return user


def reader(source: str, stack: ExitStack) -> Callable[[], Iterator[Found]]:
    """Return what reads the source, each time from its beginning."""
    if source == "-":
        file: BinaryIO = stack.enter_context(TemporaryFile())  # noqa: SIM115
        shutil.copyfileobj(sys.stdin.buffer, file)
        return partial(tables.read, file)
    path = Path(source)
    if path.is_dir():
        return partial(markdown.read, path)
    return partial(tables.read, stack.enter_context(path.open("rb")))


def portions(found: Iterable[Found]) -> Iterator[list[Found]]:
    rows = iter(found)
    while portion := list(islice(rows, PORTION)):
        yield portion

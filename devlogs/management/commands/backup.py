"""Copy the SQLite database while it is used; of PostgreSQL say what does."""

from __future__ import annotations

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from devlogs.data.backup import BackupError, copy

WITH_PG_DUMP = (
    "Nothing was written: PostgreSQL has a command of its own, which does the same while the service runs:\n"
    '  pg_dump --format=custom --file={file} "$DATABASE_URL"    # PGPASSWORD, where the URL has no password'
)


class Command(BaseCommand):
    help = (
        "Copy the SQLite database to a file, while the service runs: whole, checked, readable by its owner alone, and "
        "under its name only when it is all there. An older copy of that name is replaced. For PostgreSQL it names "
        "the line that does this."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: object, file: Path, **options: object) -> None:
        if connection.vendor != "sqlite":
            raise CommandError(WITH_PG_DUMP.format(file=file))
        began = time.monotonic()
        try:
            copy(Path(connection.settings_dict["NAME"]), file)
        except BackupError as error:
            raise CommandError(str(error)) from error
        took = time.monotonic() - began
        self.stdout.write(f"{file}: {file.stat().st_size / 1e6:,.1f} MB, checked, in {took:.1f} s.")

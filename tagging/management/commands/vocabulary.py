"""Keep the terms that a house has taught in a file, for a team to have in git; and teach those of a file."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tagging.curation.terms import TermsRefusedError, import_terms
from tagging.models import Term

FORM = "A line is NAME = ALIAS, ALIAS; a ? behind one: also an ordinary word. [database] begins those of a kind."


class Command(BaseCommand):
    help = f"Export the taught names to a file, or import them from one. {FORM}"

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        importing = actions.add_parser("import", help="teach the names of a file")
        importing.add_argument("file", type=Path)
        importing.add_argument("--prune", action="store_true", help="forget the names that the file lacks")
        importing.add_argument("--dry-run", action="store_true", help="only say what would change")
        exporting = actions.add_parser("export", help="write all taught names")
        exporting.add_argument("file", type=Path, nargs="?", help="else to the terminal")

    def handle(
        self, *args: str, action: str, file: Path, prune: bool = False, dry_run: bool = False, **options: object
    ) -> None:
        if action == "export":
            self.write_to(file)
        else:
            self.read_from(file, prune=prune, dry_run=dry_run)

    def write_to(self, file: Path | None) -> None:
        lines = Term.objects.all().lines()
        if file is None:
            for line in lines:
                self.stdout.write(line)
            return
        try:
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"Wrote {Term.objects.count()} names to {file}.")

    def read_from(self, file: Path, *, prune: bool, dry_run: bool) -> None:
        try:
            imported = import_terms(file.read_text(encoding="utf-8-sig").splitlines(), prune=prune, dry_run=dry_run)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read as UTF-8 text.") from error
        except TermsRefusedError as error:
            raise CommandError(f"{file}: nothing was changed. {error}") from error
        for what, names in (("added", imported.added), ("changed", imported.changed)):
            if names:
                self.stdout.write(f"{what}: {', '.join(names)}")
        if imported.missing:
            done = "forgotten" if prune else "not in the file, left as they are (--prune forgets them)"
            self.stdout.write(f"{done}: {', '.join(imported.missing)}")
        counts = f"{len(imported.added)} added, {len(imported.changed)} changed, {len(imported.unchanged)} as before."
        self.stdout.write(f"{counts} Nothing was saved: a dry run." if dry_run else counts)

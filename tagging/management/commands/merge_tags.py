from django.core.management.base import BaseCommand, CommandError, CommandParser

from tagging.curation import vocabulary
from tagging.models import Tag


class Command(BaseCommand):
    help = (
        "Merge one tag into another: its dev-logs move, and its name becomes an alias, in all answers to come too. "
        "Where the target is an alias of the source, the two are turned round. separate_tag takes a merge back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="name or slug of the tag that goes")
        parser.add_argument("target", help="name or slug of the tag that stays")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: object, source: str, target: str, dry_run: bool, **options: object) -> None:
        tags = tag_named(source), tag_named(target)
        try:
            vocabulary.refuse_to_merge(*tags)
            counts = vocabulary.overlap(*tags) if dry_run else vocabulary.merge(*tags)
        except vocabulary.VocabularyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{'Would merge' if dry_run else 'Merged'} {tags[0]} into {tags[1]}: "
            f"{counts.devlogs} dev-logs, of which {counts.both} had both."
        )


def tag_named(name: str) -> Tag:
    if tag := vocabulary.stored(name):
        return tag
    raise CommandError(f"There is no tag {name!r}.")

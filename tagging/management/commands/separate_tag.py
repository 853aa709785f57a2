from django.core.management.base import BaseCommand, CommandError, CommandParser

from tagging.curation.separation import separate
from tagging.curation.vocabulary import VocabularyError
from tagging.management.commands.merge_tags import tag_named


class Command(BaseCommand):
    help = "Take a merge back: an alias is a tag of its own again, on the dev-logs that named it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("alias", help="name or slug of the alias")

    def handle(self, *args: object, alias: str, **options: object) -> None:
        tag = tag_named(alias)
        try:
            self.stdout.write(separate(tag).told(tag))
        except VocabularyError as error:
            raise CommandError(str(error)) from error

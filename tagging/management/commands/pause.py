from django.core.management.base import BaseCommand, CommandParser

from tagging.models import QueuePause


class Command(BaseCommand):
    help = "Pause the queue, for all processes: what runs is finished, dev-logs are taken in and wait for `resume`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="", help="Why, for those who see that it is paused.")

    def handle(self, *args: object, **options: str) -> None:
        pause = QueuePause.objects.pause(reason=options["reason"])
        self.stdout.write(f"The queue is {pause.since_when}. Resume it with: manage.py resume")

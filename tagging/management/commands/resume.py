from django.core.management.base import BaseCommand

from tagging.models import ProviderState


class Command(BaseCommand):
    help = "End what the queue waits for: one probe goes out at once, and its answer lets all follow."

    def handle(self, *args: object, **options: object) -> None:
        waited = [row.resumption for row in ProviderState.objects.probe_now()]
        self.stdout.write("\n".join(waited) or "Nothing is paused.")

from django.core.management.base import BaseCommand

from tagging import queues
from tagging.models import ProviderState


class Command(BaseCommand):
    help = (
        "End what the queue waits for: a person's pause; and a provider's, so that one probe goes out at once, and "
        "its answer lets all follow."
    )

    def handle(self, *args: object, **options: object) -> None:
        ended = [row.resumption for row in ProviderState.objects.probe_now()]
        if pause := queues.resume():
            ended.insert(0, f"The queue was {pause.since_when}. It goes on.")
        self.stdout.write("\n".join(ended) or "Nothing is paused.")

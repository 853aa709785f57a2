"""The contestants `naive` and `naive-64`: a queue.Queue and daemon threads that call the model and write, row by row.

Nothing here is durable. Whatever dev-logs have no tags when it starts are put on the queue: the backlog that the
benchmark prepared.
"""

import os
import queue
import threading

from django.conf import settings
from django.utils.module_loading import import_string

from devlogs.models import DevLog
from devlogs.views import DevLogViewSet
from tagging.models import DevLogTag, Tag
from tagging.models.tag import slug_of
from tests.load.benchmarks.bare import urls_with, without_lookups

waiting: queue.Queue[int] = queue.Queue()


class NaiveViewSet(DevLogViewSet):
    def write(self, devlog: DevLog) -> None:
        devlog.save(force_insert=True)
        without_lookups(devlog)
        waiting.put(devlog.pk)


def work() -> None:
    while True:
        devlog = DevLog.objects.get(pk=waiting.get())
        for technology in extractor.extract(devlog.entry).technologies:
            tag, _ = Tag.objects.get_or_create(slug=slug_of(technology.name), defaults={"name": technology.name})
            DevLogTag.objects.get_or_create(devlog=devlog, tag=tag, defaults={"evidence": technology.evidence})


urlpatterns = urls_with(NaiveViewSet)
extractor = import_string(settings.TAGGING_EXTRACTOR).from_settings(settings)
for number in DevLog.objects.filter(tags=None).values_list("pk", flat=True):
    waiting.put(number)
for _ in range(int(os.environ["NAIVE_THREADS"])):
    threading.Thread(target=work, daemon=True).start()

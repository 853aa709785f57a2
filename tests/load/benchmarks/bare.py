"""The reference `bare`: the product's own view, serializer and body, saving the dev-log and nothing else.

It holds an idle connection open like the product's worker: on SQLite each request that closes the last one pays for
a checkpoint, which would flatter whoever is compared with it.
"""

from django.db import connection
from django.urls import include, path
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import BaseSerializer

from devlog_project.urls import urlpatterns as product
from devlogs.models import DevLog
from devlogs.views import DevLogViewSet


class BareViewSet(DevLogViewSet):
    def perform_create(self, serializer: BaseSerializer[DevLog]) -> None:
        devlog = serializer.save(author=None)
        without_lookups(devlog)


def without_lookups(devlog: DevLog) -> None:
    """Let the serializer show a dev-log without job and tags, and not ask the database for either."""
    DevLog.job.related.set_cached_value(devlog, None)
    devlog.shown_tags = []


def urls_with(view: type[DevLogViewSet]) -> list:
    router = SimpleRouter()
    router.register("devlogs", view, basename="devlog")
    return [path("api/v1/", include(router.urls)), *product]


urlpatterns = urls_with(BareViewSet)

keeper = connection.copy()
keeper.inc_thread_sharing()
keeper.ensure_connection()

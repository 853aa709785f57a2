"""The reference `bare`: the product's own view, serializer, token and body, saving the dev-log and nothing else."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from devlog_project.urls import urlpatterns as product
from devlogs.models import DevLog
from devlogs.views import DevLogViewSet
from tests.load.benchmarks.keeper import keep_a_connection


class BareViewSet(DevLogViewSet):
    def write(self, devlog: DevLog) -> None:
        devlog.save(force_insert=True)
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
keep_a_connection()

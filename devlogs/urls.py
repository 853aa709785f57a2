from django.urls import path
from rest_framework.routers import SimpleRouter

from devlogs.bulk import BulkView
from devlogs.exports import ExportView
from devlogs.facets import FacetsView
from devlogs.views import AuthorSettingsView, DevLogViewSet

router = SimpleRouter()
router.register("devlogs", DevLogViewSet, basename="devlog")
urlpatterns = [
    path("devlogs/facets/", FacetsView.as_view(), name="devlog-facets"),
    path("devlogs/bulk/", BulkView.as_view(), name="devlog-bulk"),
    path("devlogs/export/", ExportView.as_view(), name="devlog-export"),
    path("settings/", AuthorSettingsView.as_view(), name="author-settings"),
    *router.urls,
]

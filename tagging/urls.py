from django.urls import path
from rest_framework.routers import SimpleRouter

from tagging.api.views import DevLogTagView, TagViewSet
from tagging.remote.views import ResultsView

router = SimpleRouter()
router.register("tags", TagViewSet, basename="tag")
urlpatterns = [
    path("devlogs/<int:id>/tags/", ResultsView.as_view(), name="devlog-results"),
    # A path, since a name may have a slash: PL/SQL.
    path("devlogs/<int:id>/tags/<path:name>/", DevLogTagView.as_view(), name="devlog-tag"),
    *router.urls,
]

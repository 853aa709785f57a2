from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from tagging.api.jobs import JobViewSet
from tagging.api.queue import QueueView
from tagging.api.stack import TechStackView
from tagging.api.used import RelatedTagsView, TagView
from tagging.api.views import DevLogTagView, TagViewSet
from tagging.remote.views import ResultsView

router = SimpleRouter()
router.register("tags", TagViewSet, basename="tag")
router.register("jobs", JobViewSet, basename="job")
urlpatterns = [
    path("devlogs/<int:id>/tags/", ResultsView.as_view(), name="devlog-results"),
    # A path, since a name may have a slash: PL/SQL.
    path("devlogs/<int:id>/tags/<path:name>/", DevLogTagView.as_view(), name="devlog-tag"),
    path("techstack/", TechStackView.as_view(), name="techstack"),
    # By slug or by name; one with a slash has its slug alone.
    re_path(r"^tags/(?P<slug>[^/]+)/$", TagView.as_view(), name="tag"),
    re_path(r"^tags/(?P<slug>[^/]+)/related/$", RelatedTagsView.as_view(), name="tag-related"),
    path("queue/", QueueView.as_view(), name="queue"),
    *router.urls,
]

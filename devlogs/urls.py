from django.urls import path
from rest_framework.routers import SimpleRouter

from devlogs.views import AuthorSettingsView, DevLogViewSet

router = SimpleRouter()
router.register("devlogs", DevLogViewSet, basename="devlog")
urlpatterns = [path("settings/", AuthorSettingsView.as_view(), name="author-settings"), *router.urls]

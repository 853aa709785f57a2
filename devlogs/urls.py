from rest_framework.routers import SimpleRouter

from devlogs.views import DevLogViewSet

router = SimpleRouter()
router.register("devlogs", DevLogViewSet, basename="devlog")
urlpatterns = router.urls

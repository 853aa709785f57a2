"""Where everything is: the API under /api/v1/, and the admin. The addresses for machines are in ops/probes.py."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from devlog_project.api import login, problems

handler400 = "devlog_project.api.problems.bad_request"
handler403 = "devlog_project.api.problems.permission_denied"
handler404 = "devlog_project.api.problems.not_found"
handler500 = "devlog_project.ops.unavailable.server_error"

admin.site.site_header = admin.site.site_title = "Dev-log service"

v1 = [
    path("", include("devlogs.urls")),
    path("", include("tagging.urls")),
    path("auth/login/", login.LoginView.as_view(), name="login"),
    path("auth/logout/", login.LogoutView.as_view(), name="logout"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]

urlpatterns = [
    path("api/v1/", include(v1)),
    re_path(r"^api/", problems.not_found),
    path("admin/", admin.site.urls),
]

if settings.SIMULATION:
    urlpatterns.append(path("", include("tagging.simulation.urls")))

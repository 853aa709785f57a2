"""Where everything is: the pages, the API and the admin. The addresses for machines are in ops/probes.py."""

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.utils.translation import gettext_lazy
from django.views.generic import RedirectView
from django.views.i18n import set_language

from devlog_project.api import index, login, schema, tokens
from devlog_project.texts import SearchForm
from devlogs.pages import errors

handler400 = "devlogs.pages.errors.bad_request"
handler403 = "devlogs.pages.errors.permission_denied"
handler404 = "devlogs.pages.errors.not_found"
handler500 = "devlog_project.ops.unavailable.server_error"

ChangeList.search_form_class = SearchForm  # also in the lists that are Django's own
admin.site.login_form = login.AdminLoginForm
admin.site.site_header = admin.site.site_title = gettext_lazy("Dev-log service")

v1: list[URLPattern | URLResolver] = [
    path("", index.IndexView.as_view(), name="index"),
    path("", include("devlogs.urls")),
    path("", include("tagging.urls")),
    path("auth/login/", login.LoginView.as_view(), name="login"),
    path("auth/logout/", login.LogoutView.as_view(), name="logout"),
    path("auth/logout-everywhere/", tokens.LogoutEverywhereView.as_view(), name="logout-everywhere"),
    path("auth/tokens/", tokens.TokensView.as_view(), name="tokens"),
    path("auth/tokens/<int:id>/", tokens.TokenView.as_view(), name="token"),
    path("schema/", schema.SchemaView.as_view(), name="schema"),
    path("docs/", schema.DocsView.as_view(url_name="schema"), name="docs"),
]

urlpatterns = [
    path("api/v1/", include(v1)),
    path("", include("devlog_project.mcp.urls")),
    path("admin/login/", login.admin_login),
    path("admin/queue/", include("tagging.admin.dashboard.urls")),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", set_language, name="set_language"),
    # Browsers ask for it of their own accord where a page names none, as the admin's do.
    path("favicon.ico", RedirectView.as_view(url=static("pages/icon.svg"), permanent=True)),
    path("", include("devlogs.pages.urls")),
]

if settings.SIMULATION:
    urlpatterns.append(path("", include("tagging.simulation.urls")))
# Last, and not where Django's admin adds a missing slash.
urlpatterns.append(re_path(r"^(?!admin)", errors.not_found))

from django.contrib import admin
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from tagging.admin.dashboard import views

app_name = "queue"
view = admin.site.admin_view
urlpatterns = [
    path("", view(require_safe(views.dashboard)), name="dashboard"),
    path("pause/", view(require_POST(views.pause)), name="pause"),
    path("resume/", view(require_POST(views.resume)), name="resume"),
    path("retry/", view(views.retry), name="retry"),
]

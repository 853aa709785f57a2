"""The addresses of the job service, as its clients know them: at the root, and without a slash at their end."""

from django.urls import path

from tagging.simulation import views

urlpatterns = [
    # What the API service answered.
    path("job/<str:number>", views.JobView.as_view()),
    path("list-all", views.JobListView.as_view()),
    # What the worker service answered.
    path("process", views.ProcessView.as_view()),
    path("info", views.InfoView.as_view()),
    path("all", views.JobListView.as_view()),
]

"""Login, logout and a new password: Django's own views, as pages of ours."""

from django.contrib.auth import views
from django.urls import path

urls = [
    path("login/", views.LoginView.as_view(template_name="pages/login.html"), name="login"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
]

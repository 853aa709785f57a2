from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "devlog_project.api"
    label = "api"
    verbose_name = "API"

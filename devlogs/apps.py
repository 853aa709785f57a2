from django.apps import AppConfig


class DevlogsConfig(AppConfig):
    name = "devlogs"
    verbose_name = "Dev-logs"

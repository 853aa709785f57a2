"""The part that has no tables: what operators see of the service, and the commands for them."""

from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "devlog_project.ops"
    label = "ops"

    def ready(self) -> None:
        from devlog_project.ops import checks as checks  # app ready

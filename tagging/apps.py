import sys

from django.apps import AppConfig


class TaggingConfig(AppConfig):
    name = "tagging"

    def ready(self) -> None:
        from tagging import checks, startup  # noqa: F401 - app ready

        if startup.is_serving_runserver(sys.argv):
            startup.arm()
            startup.ensure_started()

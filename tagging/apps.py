import sys

from django.apps import AppConfig


class TaggingConfig(AppConfig):
    name = "tagging"

    def ready(self) -> None:
        from tagging import checks  # noqa: F401 - app ready
        from tagging.engine import startup

        if startup.is_serving_runserver(sys.argv):
            startup.arm()
            startup.ensure_started()

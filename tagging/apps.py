import sys

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TaggingConfig(AppConfig):
    name = "tagging"
    verbose_name = _("Tagging")

    def ready(self) -> None:
        from tagging import checks, queues  # noqa: F401 - app ready
        from tagging.engine import startup  # app ready

        if startup.is_serving_runserver(sys.argv):
            startup.arm(queues.local_worker_maker())
            startup.ensure_started()

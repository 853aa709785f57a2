from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class DevlogsConfig(AppConfig):
    name = "devlogs"
    verbose_name = _("Dev-logs")

    def ready(self) -> None:
        post_migrate.connect(mend_search, sender=self)


def mend_search(sender: AppConfig, using: str, **kwargs: object) -> None:
    from devlogs import search  # app ready

    search.mend(sender.get_model("DevLog"), using)

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_save, pre_save
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "devlog_project.api"
    label = "api"
    verbose_name = _("API")

    def ready(self) -> None:
        from devlog_project.api import names, passwords  # app ready

        names.translate_names()
        pre_save.connect(passwords.note_disabling, sender=settings.AUTH_USER_MODEL)
        post_save.connect(passwords.end_tokens_of_disabled, sender=settings.AUTH_USER_MODEL)

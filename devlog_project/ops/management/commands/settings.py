"""Print docs/settings.md: all settings, their defaults and what they mean."""

from django.core.management.base import BaseCommand

from devlog_project.conf.page import page


class Command(BaseCommand):
    help = "Print what each setting takes, its default and what it means."
    requires_system_checks = []

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(page(), ending="")

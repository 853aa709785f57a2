"""What a developer wrote. What became of it (its job, its tags) points here from the tagging app."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

ENTRY_MAX_LENGTH = 20_000


class DevLog(models.Model):
    """One entry, stored exactly as sent."""

    entry = models.TextField(max_length=ENTRY_MAX_LENGTH)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="devlogs")
    created_at = models.DateTimeField(db_default=Now(), db_index=True, editable=False)

    class Meta:
        verbose_name = "dev-log"
        verbose_name_plural = "dev-logs"
        ordering = ["-pk"]

    def __str__(self) -> str:
        first_line = self.entry.strip().partition("\n")[0]
        return first_line if len(first_line) <= 80 else f"{first_line[:79]}…"

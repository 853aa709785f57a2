"""What a developer wrote, and the rules of an entry. Imports nothing of ours, so that all may import it."""

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

ENTRY_MAX_LENGTH = 20_000
EXTERNAL_ID_MAX_LENGTH = 200
BLANK = "This field may not be blank."
SURROGATE = re.compile("[\ud800-\udfff]")


def refuse_blank(entry: str) -> None:
    if not entry.strip():
        raise ValidationError(BLANK, code="blank")


def refuse_surrogates(entry: str) -> None:
    if found := SURROGATE.search(entry):
        message = f"Surrogate characters are not allowed: U+{ord(found[0]):X}."
        raise ValidationError(message, code="surrogate_characters_not_allowed")


class EntryField(models.TextField):
    """Text under the rules of an entry, which hold for the API, the admin and every other way in."""

    default_error_messages = {"blank": BLANK}
    default_validators = [
        refuse_blank,
        MaxLengthValidator(ENTRY_MAX_LENGTH, f"Ensure this field has no more than {ENTRY_MAX_LENGTH} characters."),
        ProhibitNullCharactersValidator(),
        refuse_surrogates,
    ]

    def deconstruct(self) -> Any:
        """Look like a TextField to migrations: a changed rule changes no column."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


class DevLog(models.Model):
    """One entry, stored exactly as sent."""

    entry = EntryField(_("entry"), max_length=ENTRY_MAX_LENGTH)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="devlogs")
    # Tagged by the embedded extractor alone, whatever is set: its text never leaves the machine.
    is_private = models.BooleanField(_("private"), db_default=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), db_index=True, editable=False)
    # What its author's own system calls it: so that to send it again makes no second one.
    external_id = models.CharField(  # noqa: DJ001  # null: of empty texts there could be one
        _("external id"),
        max_length=EXTERNAL_ID_MAX_LENGTH,
        null=True,
        blank=True,
        editable=False,
        validators=[ProhibitNullCharactersValidator(), refuse_surrogates],
    )

    class Meta:
        indexes = [
            models.Index(fields=["author", "id"], condition=Q(is_private=True), name="devlog_private"),
            # The pages of one author's dev-logs, by the time they were written.
            models.Index(fields=["author", "created_at", "id"], name="devlog_of_author"),
        ]
        # Two, as of rows without an author no two are equal to a database.
        constraints = [
            models.UniqueConstraint(
                fields=["author", "external_id"], condition=Q(external_id__isnull=False), name="devlog_external_id"
            ),
            models.UniqueConstraint(
                fields=["external_id"],
                condition=Q(author=None, external_id__isnull=False),
                name="devlog_external_id_anonymous",
            ),
        ]
        verbose_name = _("dev-log")
        verbose_name_plural = _("dev-logs")
        ordering = ["-pk"]

    def __str__(self) -> str:
        """Name the dev-log without its words: Django shows this to people who may not see dev-logs, and logs it."""
        return gettext("dev-log %(number)s") % {"number": self.pk}

    @property
    def title(self) -> str:
        """Return the beginning of the entry, for those who may see it."""
        first_line = self.entry.strip().partition("\n")[0]
        return first_line if len(first_line) <= 80 else f"{first_line[:79]}…"


class AuthorSettings(models.Model):
    """What one user has chosen for the dev-logs they write; no row means that nothing was chosen."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="devlog_settings"
    )
    private_by_default = models.BooleanField(
        _("private by default"),
        db_default=False,
        help_text=_("What a new dev-log is that does not say whether it is private."),
    )

    class Meta:
        verbose_name = verbose_name_plural = _("settings of dev-logs")

    def __str__(self) -> str:
        return gettext("settings of user %(number)s") % {"number": self.user_id}

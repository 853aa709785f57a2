"""What a new password does, or that there is none any more: it ends all tokens of its user, wherever it is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext

from devlog_project.api.models.tokens import end_tokens

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.contrib.auth.models import User


def note_disabling(instance: User, update_fields: Collection[str] | None, **more: object) -> None:
    """Note before an account is saved whether that takes its password away, of which no validator hears."""
    is_saved = instance.pk and (update_fields is None or "password" in update_fields)
    if is_saved and not instance.has_usable_password():
        others = type(instance)._default_manager.filter(pk=instance.pk).exclude(password=instance.password)
        vars(instance)["is_disabled_now"] = others.exists()


def end_tokens_of_disabled(instance: User, **more: object) -> None:
    if vars(instance).pop("is_disabled_now", False):
        end_tokens(instance)


class EndTokens:
    """A validator of Django's, for its hook alone. It is called with a new password, not when one is rehashed."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse nothing."""

    def get_help_text(self) -> str:
        return gettext("A new password ends all tokens of the API that were made for this account.")

    def password_changed(self, password: str, user: User) -> None:
        end_tokens(user)

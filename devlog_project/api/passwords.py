"""What a new password does: it ends all tokens of its user, wherever it is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devlog_project.api.models.tokens import end_tokens

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class EndTokens:
    """A validator of Django's, for its hook alone. It is called with a new password, not when one is rehashed."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse nothing."""

    def get_help_text(self) -> str:
        return "A new password ends all tokens of the API that were made for this account."

    def password_changed(self, password: str, user: User) -> None:
        end_tokens(user)

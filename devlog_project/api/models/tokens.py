"""What is known of a token beside knox's row: its name, and when it was last used. Its text is kept nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import Error, connection, models, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken
from rest_framework.exceptions import APIException, AuthenticationFailed

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from devlog_project.postgresql.base import DatabaseWrapper as PostgreSQL
    from devlog_project.sqlite.base import DatabaseWrapper as SQLite

NAME_MAX_LENGTH = 100
# Nobody needs a date beyond, and much later ones no database can store.
MOST_DAYS = 36_500
USE_IS_NOTED_EVERY = timedelta(hours=1)
# Of one user: so many nobody tells apart.
MOST_TOKENS = 50
# So long a request waits for others' writes to have it noted.
WAIT_SECONDS = 0.2


class TooManyTokens(APIException):
    status_code = 409
    default_code = "too_many_tokens"
    default_detail = format_lazy(
        _("You have {most} tokens, as many as one may have. Revoke one first."), most=MOST_TOKENS
    )


class TokenDetails(models.Model):
    """A token as people see it; its id names it where it is listed and revoked."""

    token = models.OneToOneField(AuthToken, models.CASCADE, related_name="details", editable=False)
    name = models.CharField(max_length=NAME_MAX_LENGTH, blank=True, validators=[ProhibitNullCharactersValidator()])
    last_used_at = models.DateTimeField("last used", null=True, editable=False)

    class Meta:
        verbose_name = "token"

    def __str__(self) -> str:
        return self.name or f"token {self.pk}"


def life_allowed(days: int | None) -> timedelta | None:
    """Return how long a token holds for which so many days are wished for; None is without end."""
    most: int = settings.API_TOKEN_DAYS
    if days is not None and most and days > most:
        raise ValidationError(gettext("A token holds for at most %(most)s days here.") % {"most": most})
    return timedelta(days=days or most) or None


def make_token(
    user: User, name: str, life: timedelta | None, asked_by: AuthToken | None = None, *, is_limited: bool = False
) -> tuple[TokenDetails, str]:
    """Make a token that holds for so long, None without end; return it with its text, which is shown once.

    The user's that have expired are cleared away: nothing else does. asked_by: the token that this one is asked for
    with, which it does not outlive. is_limited: whether a user may have only so many also where there is none.
    Raises AuthenticationFailed if what the user was known by has ended meanwhile.
    """
    with transaction.atomic():
        account = locked(user)
        AuthToken.objects.filter(user=user, expiry__lt=timezone.now()).delete()
        if asked_by:
            asked_by = AuthToken.objects.filter(user=user, pk=asked_by.pk).first()
            is_known = asked_by is not None
        else:
            is_known = account is not None and account.password == user.password
        if not (account and account.is_active and is_known):
            raise AuthenticationFailed("Ended just now: log in again.")
        if (asked_by or is_limited) and AuthToken.objects.filter(user=user).count() >= MOST_TOKENS:
            raise TooManyTokens
        token, text = AuthToken.objects.create(user, expiry=life)
        if asked_by and asked_by.expiry and not (token.expiry and token.expiry < asked_by.expiry):
            token.expiry = asked_by.expiry
            token.save(update_fields=["expiry"])
        return TokenDetails.objects.create(token=token, name=name), text


def end_tokens(user: User) -> None:
    """End all tokens of a user at once, and those that are just being made."""
    with transaction.atomic():
        locked(user)
        AuthToken.objects.filter(user=user).delete()


def locked(user: User) -> User | None:
    """Return the account as it is now; none of its tokens is made or ended beside us to the end of the transaction."""
    return get_user_model().objects.filter(pk=user.pk).select_for_update(no_key=True).first()


def note_use(digest: str, now: datetime) -> None:
    """Keep that a token was used; once an hour is enough, and where it cannot be written it is not."""
    if not cache.add(f"token-used-{digest}", True, USE_IS_NOTED_EVERY.total_seconds()):
        return
    try:
        with cast("SQLite | PostgreSQL", connection).short_waits(WAIT_SECONDS), transaction.atomic():
            if not TokenDetails.objects.filter(token_id=digest).update(last_used_at=now):  # made by knox itself
                TokenDetails.objects.create(token_id=digest, last_used_at=now)
    except Error:
        pass

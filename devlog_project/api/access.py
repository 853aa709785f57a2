"""Who may use the API, and what of it they see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import knox_settings
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, UnsupportedMediaType
from rest_framework.permissions import BasePermission

from devlog_project.api.models.tokens import USE_IS_NOTED_EVERY, note_use

if TYPE_CHECKING:  # DRF imports this module while it imports its own views
    from django.contrib.auth.models import AnonymousUser, User
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.views import APIView


NOT_JSON = "Without a token, a POST needs the header `Content-Type: application/json`, also where it has no body."

# By hand, since it is asked with every request: to compose it would take longer than all else of the authentication.
FIND_USER = (
    "SELECT account.id, account.username, account.is_active, account.is_staff, account.is_superuser, "
    "details.last_used_at IS NULL OR details.last_used_at < %s AS is_use_to_note FROM knox_authtoken token "
    "JOIN auth_user account ON account.id = token.user_id "
    "LEFT JOIN api_tokendetails details ON details.token_id = token.digest "
    "WHERE token.digest = %s AND (token.expiry IS NULL OR token.expiry >= %s)"
)


class TokenAuthentication(KnoxAuthentication):
    """`Authorization: Bearer …` or `Token …`, looked up by its digest in one statement.

    knox reads all tokens of the user with each request, to delete those that have expired; here a login does that. Its
    own way is taken where the settings have tokens renewed by use.
    """

    def authenticate(self, request: Request) -> tuple[User, AuthToken] | None:
        scheme, *rest = get_authorization_header(request).split() or [b""]
        if scheme.lower() not in (b"bearer", knox_settings.AUTH_HEADER_PREFIX.lower().encode()):
            return None
        if len(rest) != 1:
            raise AuthenticationFailed("Invalid token header: it must be one word behind the scheme.")
        return self.authenticate_credentials(rest[0])

    def authenticate_header(self, request: Request) -> str:
        return f'Bearer realm="api", {knox_settings.AUTH_HEADER_PREFIX} realm="api"'

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Return the user, with what the API asks of one loaded, and the token."""
        text = token.decode("latin-1")
        if not (text.isascii() and text.isprintable()):  # others would fail in the database
            raise AuthenticationFailed("Invalid token.")
        if knox_settings.AUTO_REFRESH:
            user_and_token: tuple[User, AuthToken] = super().authenticate_credentials(token)
            return user_and_token
        digest, now = hash_token(text), timezone.now()
        adapt = connection.ops.adapt_datetimefield_value
        for user in get_user_model().objects.raw(FIND_USER, [adapt(now - USE_IS_NOTED_EVERY), digest, adapt(now)]):
            if not user.is_active:
                raise AuthenticationFailed("User inactive or deleted.")
            if vars(user)["is_use_to_note"]:
                note_use(digest, now)
            return user, AuthToken.from_db(None, ["digest"], [digest])
        raise AuthenticationFailed("Invalid token.")


class AuthenticatedUnlessOpen(BasePermission):
    """Require authentication unless DEBUG opens the API; then a POST must say that it is JSON.

    A browser lets any web page send a POST to a developer's own machine, but not with this header.
    """

    posts_are_json = True

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.user and request.user.is_authenticated:
            return True
        must_be_json = settings.API_OPEN and self.posts_are_json and request.method == "POST"
        if must_be_json and not (is_json(request.content_type) or is_from_our_own_page(request)):
            raise UnsupportedMediaType(request.content_type, NOT_JSON)
        return bool(settings.API_OPEN)


def is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def is_from_our_own_page(request: Request) -> bool:
    """Whether a browser says so, as of a POST without a body from /api/v1/docs/; no page can set this header."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def author_of(request: Request) -> User | None:
    """Return the user who is logged in; None for an anonymous client."""
    return request.user if request.user.is_authenticated else None


def sees_all(request: Request) -> bool:
    """Say whether what is told of all may be told: to staff, and to everybody while the API is open."""
    return bool(settings.API_OPEN or (request.user.is_active and request.user.is_staff))


def may_view_devlogs(user: User | AnonymousUser) -> bool:
    """Say whether a member of the staff may see in the admin what people wrote, but for what others keep private."""
    return user.has_perm("devlogs.view_devlog") or user.has_perm("devlogs.change_devlog")


def visible(devlogs: QuerySet[Any], request: Request | HttpRequest) -> QuerySet[Any]:
    """Narrow dev-logs to those that one may see: those one may read, or all while the API is open."""
    return devlogs if settings.API_OPEN else readable(devlogs, request.user)


def readable(rows: QuerySet[Any], user: User | AnonymousUser, path: str = "") -> QuerySet[Any]:
    """Narrow dev-logs to those a user may read: an author's own, for staff all but what others keep private.

    path: where the rows are of another model, what leads to their dev-log, as `devlog__`.
    """
    if not (user.is_active and user.is_staff):
        return rows.filter(**{f"{path}author": user.pk})
    return rows if user.is_superuser else rows.exclude(private_to_others(user, path))


def private_to_others(user: User | AnonymousUser, path: str = "") -> Q:
    """Return the condition for the dev-logs that others keep private."""
    return Q((f"{path}is_private", True)) & ~Q((f"{path}author", user.pk))

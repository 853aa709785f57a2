"""Who may use the API, and what of it they see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.permissions import BasePermission

if TYPE_CHECKING:  # DRF imports this module while it imports its own views
    from django.contrib.auth.models import User
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView


class AuthenticatedUnlessOpen(BasePermission):
    """Require authentication unless DEBUG opens the API."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return settings.API_OPEN or bool(request.user and request.user.is_authenticated)


def author_of(request: Request) -> User | None:
    """Return the user who is logged in; None for an anonymous client."""
    return request.user if request.user.is_authenticated else None


def visible(queryset: QuerySet[Any], request: Request) -> QuerySet[Any]:
    """Narrow dev-logs to the author's own; while the API is open, show all."""
    return queryset if settings.API_OPEN else queryset.filter(author=request.user)

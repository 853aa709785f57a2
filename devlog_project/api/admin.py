"""The admin of tokens: who has which, and to revoke them. It shows neither a token nor its hash, and makes none."""

from __future__ import annotations

from datetime import datetime

import knox.admin  # noqa: F401  # it registers what is taken back here: its pages show the hashes
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken

from devlog_project.api.models.tokens import TokenDetails

admin.site.unregister(AuthToken)


@admin.register(TokenDetails)
class TokenAdmin(admin.ModelAdmin):
    list_display = ("shown_name", "user", "created", "expiry", "last_used_at")
    fields = readonly_fields = ("shown_name", "user", "created", "expiry", "last_used_at")
    list_select_related = ["token__user"]
    search_fields = ["name", "token__user__username"]
    ordering = ["-pk"]
    show_full_result_count = False

    @admin.display(description=_("name"))
    def shown_name(self, details: TokenDetails) -> str:
        return str(details)

    @admin.display(description=_("user"))
    def user(self, details: TokenDetails) -> str:
        return details.token.user.get_username()

    @admin.display(description=_("created"))
    def created(self, details: TokenDetails) -> datetime:
        return details.token.created

    @admin.display(description=_("expiry"))
    def expiry(self, details: TokenDetails) -> datetime | str:
        return details.token.expiry or gettext("never")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # `manage.py create_token` and the API make them

    def has_change_permission(self, request: HttpRequest, obj: TokenDetails | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: TokenDetails) -> None:
        obj.token.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TokenDetails]) -> None:
        AuthToken.objects.filter(details__in=queryset).delete()

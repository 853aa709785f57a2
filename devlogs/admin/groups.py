"""The admin of groups, and what may be permitted in the reader's language: Django keeps that in English."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import ManyToManyField, QuerySet
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_noop

# Those that each model has.
ACTIONS = {
    "add": gettext_noop("Can add %(name)s"),
    "change": gettext_noop("Can change %(name)s"),
    "delete": gettext_noop("Can delete %(name)s"),
    "view": gettext_noop("Can view %(name)s"),
}
# What others than Django name in English alone.
OTHERS = gettext_noop("Can retry, cancel, tag again, pause and resume"), gettext_noop("auth token")

admin.site.unregister(Group)


def told(permission: Permission) -> str:
    """Say whose permission it is, and what it permits."""
    kind = permission.content_type
    app, _separator, name = str(kind).rpartition(" | ")
    action = ACTIONS.get(permission.codename.removesuffix(f"_{kind.model}"))
    name = gettext(name)
    return f"{app} | {name} | {gettext(action) % {'name': name} if action else gettext(permission.name)}"


def naming_permissions(field: ModelMultipleChoiceField | None) -> ModelMultipleChoiceField | None:
    if field and field.queryset is not None and field.queryset.model is Permission:
        field.label_from_instance = told  # type: ignore[assignment,method-assign]
    return field


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **kwargs: object
    ) -> ModelMultipleChoiceField | None:
        return naming_permissions(super().formfield_for_manytomany(db_field, request, **kwargs))

    def get_deleted_objects(
        self, objs: Sequence[Any] | QuerySet[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Name the groups alone: what they permit goes with them, and Django has no names for that."""
        _named, _counts, lacking, kept = super().get_deleted_objects(objs, request)
        return [str(group) for group in objs], {gettext("groups"): len(objs)}, lacking, kept

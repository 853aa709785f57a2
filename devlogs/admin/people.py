"""The admin of users, where a person is deleted with all they wrote: Django's own way reads every row of it first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import ManyToManyField, QuerySet
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from knox.models import AuthToken

from devlogs import entries
from devlogs.admin.groups import naming_permissions
from devlogs.data import forgetting
from devlogs.models import AuthorSettings, DevLog
from tagging.admin.batches import NAMED, BatchAdmin, Question
from tagging.models import sql

User = get_user_model()
WITH_ALL = gettext_lazy(
    "They are logged out at once. Their dev-logs are deleted with them, and these with their jobs and tags:"
)
NOT_ONESELF = gettext_lazy("Nobody deletes their own account: have another person do it. Nothing was deleted.")

admin.site.unregister(User)


class SettingsInline(admin.StackedInline):
    model = AuthorSettings
    can_delete = False


@admin.register(User)
class PersonAdmin(BatchAdmin, UserAdmin):
    actions = ["delete_selected"]
    # When somebody was here is told, not set; and as fields they would have no labels.
    readonly_fields = ["last_login", "date_joined"]

    def get_inlines(self, request: HttpRequest, obj: object = None) -> list[type[InlineModelAdmin]]:
        return [SettingsInline] if obj else []  # not before there is somebody who may choose

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: object
    ) -> ModelMultipleChoiceField | None:
        return naming_permissions(super().formfield_for_manytomany(db_field, request, **kwargs))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask as ever; but delete outside the one transaction that Django would hold all along."""
        person = self.get_object(request, unquote(object_id))
        if person and not self.has_delete_permission(request, person):
            raise PermissionDenied
        if person == request.user:
            self.message_user(request, NOT_ONESELF, messages.ERROR)
        elif not person or not request.POST:
            return super().delete_view(request, object_id, extra_context)
        else:
            self.delete(request, User._default_manager.filter(pk=person.pk))
        return redirect("admin:index" if not self.has_view_permission(request) else "admin:auth_user_changelist")

    @admin.action(description=gettext_lazy("Delete selected users"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        if queryset.filter(pk=request.user.pk).exists():
            self.message_user(request, NOT_ONESELF, messages.ERROR)
            return None
        if self.is_asked(request):
            self.delete(request, queryset)
            return None
        named, counts, lacking, _ = self.get_deleted_objects(queryset, request)
        return self.ask(
            request, Question("delete_selected", gettext("Delete users"), str(WITH_ALL), counts, named, lacking)
        )

    def get_deleted_objects(
        self, objs: Sequence[Any] | QuerySet[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Count what goes with these people. Whoever may not delete dev-logs may not delete an author of some."""
        ids = list(objs.values_list("pk", flat=True)) if isinstance(objs, QuerySet) else [each.pk for each in objs]
        devlogs = sum(DevLog.objects.filter(author__in=some).count() for some in sql.portions(ids))
        tokens = sum(AuthToken.objects.filter(user__in=some).count() for some in sql.portions(ids))
        lacking = {"dev-logs"} if devlogs and not request.user.has_perm("devlogs.delete_devlog") else set()
        counts = {gettext("users"): len(ids), gettext("dev-logs"): devlogs, gettext("tokens"): tokens}
        return [str(person) for person in objs[:NAMED]], counts, lacking, []

    def delete(self, request: HttpRequest, people: QuerySet[Any]) -> None:
        """Delete these people and what they wrote, the people last: what stops half-way can be begun once more."""
        _, _, lacking, _ = self.get_deleted_objects(people, request)
        if lacking:
            raise PermissionDenied
        ids = list(people.values_list("pk", flat=True))
        self.log_deletions(request, people)
        forgetting.deactivate(ids)
        # By the ids, not as they were chosen: that may be as active ones.
        rows = forgetting.written_by(ids)
        last = partial(forgetting.forget_people, ids)
        label = gettext_noop("Dev-logs deleted with their authors")
        self.begin_batch(request, rows, entries.remove, label, is_deletion=True, last_act=last)

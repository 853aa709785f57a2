"""Tags, and what people say their names mean: merge, block, unblock."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from tagging.admin.read_only import Unchangeable
from tagging.curation import vocabulary
from tagging.models import Tag


class ConfirmForm(forms.Form):
    """Nothing but a yes."""


class MergeForm(forms.Form):
    into = forms.CharField(label="Merge into", help_text="Name or slug of the tag that stays.")

    def __init__(self, data: Any, sources: list[Tag]) -> None:
        super().__init__(data)
        self.sources = sources

    def clean_into(self) -> Tag:
        target = vocabulary.find(self.cleaned_data["into"])
        if not target:
            raise forms.ValidationError("There is no such tag.")
        try:
            for source in self.sources:
                vocabulary.refuse_to_merge(source, target)
        except vocabulary.VocabularyError as error:
            raise forms.ValidationError(str(error)) from error
        return target


@admin.register(Tag)
class TagAdmin(Unchangeable, admin.ModelAdmin):
    list_display = ["name", "slug", "count", "alias_of", "is_blocked"]
    list_filter = ["is_blocked", ("alias_of", admin.EmptyFieldListFilter)]
    list_select_related = ["alias_of"]
    search_fields = ["name", "slug"]
    fields = ["name", "slug", "count", "alias_of", "is_blocked"]
    readonly_fields = ["count"]
    actions = ["merge", "block", "unblock"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        return super().get_queryset(request).annotate(count=Count("taggings"))

    def has_vocabulary_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tagging.change_tag")

    @admin.action(description="Merge into another tag …", permissions=["vocabulary"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Tag]) -> TemplateResponse | None:
        sources = list(queryset.select_related("alias_of"))
        form = MergeForm(request.POST if "confirmed" in request.POST else None, sources)
        if not form.is_valid():
            consequence = "Their dev-logs move to the tag that stays, and their names become its aliases:"
            return self.confirm(request, "merge", sources, "Merge tags", consequence, form)
        target = form.cleaned_data["into"]
        try:
            with transaction.atomic():
                vocabulary.merge_all(sources, target)
                for source in sources:
                    self.log_change(request, source, f"Merged into {target}.")
        except vocabulary.VocabularyError as error:  # another request was faster
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, f"Merged into {target}: {', '.join(map(str, sources))}.", messages.SUCCESS)
        return None

    @admin.action(description="Block …", permissions=["vocabulary"])
    def block(self, request: HttpRequest, queryset: QuerySet[Tag]) -> TemplateResponse | None:
        tags = list(queryset)
        if "confirmed" not in request.POST:
            consequence = "These names leave all dev-logs, also where people set them, and are not stored any more:"
            return self.confirm(request, "block", tags, "Block names", consequence, ConfirmForm())
        with transaction.atomic():
            vocabulary.block([tag.pk for tag in tags])
            for tag in tags:
                self.log_change(request, tag, "Blocked.")
        self.message_user(request, f"Blocked: {', '.join(map(str, tags))}.", messages.SUCCESS)
        return None

    @admin.action(description="Unblock", permissions=["vocabulary"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        tags = list(queryset.filter(is_blocked=True))
        vocabulary.unblock([tag.pk for tag in tags])
        for tag in tags:
            self.log_change(request, tag, "Unblocked.")
        self.message_user(request, f"May be found again: {', '.join(map(str, tags)) or 'nothing new'}.")

    def confirm(
        self, request: HttpRequest, action: str, tags: list[Tag], title: str, consequence: str, form: forms.Form
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "consequence": consequence,
            "action": action,
            "tags": tags,
            "form": form,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/tagging/tag/confirm.html", context)

    @admin.display(description="dev-logs", ordering="count")
    def count(self, tag: Any) -> SafeString:
        query = urlencode({"tags__slug": tag.slug})
        return format_html('<a href="{}?{}">{}</a>', reverse("admin:devlogs_devlog_changelist"), query, tag.count)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count the places a tag stands in: to list them could be half of all dev-logs."""
        tags = list(objs)
        uses = sum(tag.count for tag in tags)
        return [str(tag) for tag in tags], {"tags": len(tags), "tags on dev-logs": uses}, set(), []

"""Tags, and what people say their names mean: spell, merge, separate, block, unblock, delete."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from tagging.admin.near_duplicates import NearDuplicatesAdmin, UsedFilter
from tagging.curation import separation, vocabulary
from tagging.models import DevLogTag, Tag
from tagging.models.sql import portions

TAGS_NAMED = 100
# Aliases of tags on more dev-logs are separated by the command alone: a request would be held for too long.
SEPARATED_AT_ONCE = 5_000
STAY_AWAY = (
    "These names leave all dev-logs, also where people set them, and are not stored any more. They stay in this list "
    "as blocked, so that no answer brings them back; who unblocks one lets it be found again."
)


class ConfirmForm(forms.Form):
    """Nothing but a yes."""


class MergeForm(forms.Form):
    into = forms.CharField(
        label="Merge into",
        help_text="Name or slug of the tag that stays. An alias of one chosen here may: the two are turned round.",
    )

    def __init__(self, data: Any, sources: list[Tag], into: str = "") -> None:
        super().__init__(data, initial={"into": into})
        self.sources = sources

    def clean_into(self) -> Tag:
        named = vocabulary.stored(self.cleaned_data["into"])
        if not named:
            raise forms.ValidationError("There is no such tag.")
        target = named.alias_of if named.alias_of and named.alias_of not in self.sources else named
        try:
            for source in self.sources:
                vocabulary.refuse_to_merge(source, target, self.sources)
        except vocabulary.VocabularyError as error:
            raise forms.ValidationError(str(error)) from error
        return target


class TagForm(forms.ModelForm):
    class Meta:
        model = Tag
        fields = ["name", "kind"]
        help_texts = {
            "name": "It stays as you spell it, for all. Where it is another name, the old one becomes its alias.",
            "kind": "The lexicon's, until you say another: then it stays as you say.",
        }

    def clean_name(self) -> str:
        try:
            name = vocabulary.checked(self.cleaned_data["name"])
            vocabulary.refuse_to_rename(self.instance, name)
        except vocabulary.VocabularyError as error:
            raise forms.ValidationError(str(error)) from error
        return name


@admin.register(Tag)
class TagAdmin(NearDuplicatesAdmin):
    form = TagForm
    list_display = ["name", "slug", "count", "kind", "alias_of", "is_blocked"]
    list_filter = ["kind", UsedFilter, "is_blocked", ("alias_of", admin.EmptyFieldListFilter)]
    list_select_related = ["alias_of"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["name", "slug"]
    readonly_fields = ["is_name_fixed", "is_kind_fixed", "slug", "count", "alias_of", "is_blocked"]
    fields = ["name", "kind", *readonly_fields]
    actions = ["merge", "separate", "block", "unblock", "delete_selected"]
    delete_confirmation_template = "admin/tagging/tag/delete.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        # Counted row by row: a join would count all the places there are before the page is cut from it.
        places = DevLogTag.objects.filter(tag=OuterRef("pk")).order_by().values("tag").annotate(count=Count("pk"))
        count = Coalesce(Subquery(places.values("count"), output_field=IntegerField()), 0)
        return super().get_queryset(request).annotate(count=count)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_vocabulary_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tagging.change_tag")

    def save_model(self, request: HttpRequest, obj: Tag, form: forms.ModelForm, change: bool) -> None:
        if form.changed_data != ["kind"]:  # also as it stands: then it is spelt so for good
            vocabulary.rename(Tag.objects.select_related("alias_of").get(pk=obj.pk), obj.name)
        if "kind" in form.changed_data:
            Tag.objects.filter(pk=obj.pk).update(kind=obj.kind, is_kind_fixed=True)

    @admin.display(description="dev-logs", ordering="count")
    def count(self, tag: Any) -> SafeString:
        query = urlencode({"tags__slug": tag.slug})
        return format_html('<a href="{}?{}">{}</a>', reverse("admin:devlogs_devlog_changelist"), query, tag.count)

    # -- Actions --

    @admin.action(description="Merge into another tag …", permissions=["vocabulary"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Tag]) -> TemplateResponse | None:
        chosen = as_asked(request, queryset)
        sources = list(chosen.select_related("alias_of"))
        into = request.POST.get("into", "")
        form = MergeForm(request.POST if "confirmed" in request.POST else None, sources, into)
        if not form.is_valid():
            consequence = "Their dev-logs move to the tag that stays, and their names become its aliases."
            return self.confirm(request, chosen, "merge", "Merge tags", consequence, form)
        target = form.cleaned_data["into"]
        try:
            with transaction.atomic():
                vocabulary.merge_all(sources, target)
                self.log(request, [tag.pk for tag in sources], f"Merged into {target}.")
        except vocabulary.VocabularyError as error:  # another request was faster
            self.message_user(request, str(error), messages.ERROR)
        else:
            done = f"Merged into {target}: {names(sources)}."
            back = f"“Separate” takes it back; to have another name stay, merge {target} into that."
            self.message_user(request, f"{done} {back}", messages.SUCCESS)
        return None

    @admin.action(description="Separate from the tag they were merged into", permissions=["vocabulary"])
    def separate(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        aliases = list(queryset.filter(alias_of__isnull=False).select_related("alias_of"))
        if (count := separation.places(aliases)) > SEPARATED_AT_ONCE:
            way = f'Choose fewer, or run for each: manage.py separate_tag "{aliases[0]}"'
            told = f"{count:,} dev-logs would be looked through for {names(aliases)}, too many here. {way}"
            self.message_user(request, told, messages.ERROR)
            return
        done = {}
        for alias in aliases:
            with suppress(vocabulary.VocabularyError):  # another request was faster
                done[alias] = separation.separate(alias)
                self.log(request, [alias.pk], "Separated.")
        if done:
            self.message_user(request, separation.told(done, names(list(done))), messages.SUCCESS)
        else:
            self.message_user(request, "None of these is an alias.", messages.ERROR)

    @admin.action(description="Block …", permissions=["vocabulary"])
    def block(self, request: HttpRequest, queryset: QuerySet[Tag]) -> TemplateResponse | None:
        chosen = as_asked(request, queryset)
        if "confirmed" not in request.POST:
            return self.confirm(request, chosen, "block", "Block names", STAY_AWAY, ConfirmForm())
        tags = list(chosen)
        ids = [tag.pk for tag in tags]
        vocabulary.block(ids)
        self.log(request, ids, "Blocked.")
        self.message_user(request, f"Blocked: {names(tags)}.", messages.SUCCESS)
        return None

    @admin.action(description="Unblock", permissions=["vocabulary"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        tags = list(queryset.filter(is_blocked=True))
        vocabulary.unblock([tag.pk for tag in tags])
        self.log(request, [tag.pk for tag in tags], "Unblocked.")
        self.message_user(request, f"May be found again: {names(tags) or 'nothing new'}.")

    @admin.action(description="Delete …", permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Tag]) -> TemplateResponse | None:
        chosen = as_asked(request, queryset)
        if not {"post", "confirmed"} & request.POST.keys():
            return self.confirm(request, chosen, "delete_selected", "Delete tags", STAY_AWAY, ConfirmForm())
        tags = list(chosen)
        ids = [tag.pk for tag in tags]
        for portion in portions(ids):
            self.log_deletions(request, Tag.objects.filter(pk__in=portion))
        vocabulary.block(ids)
        self.message_user(request, f"Deleted, and blocked from now on: {names(tags)}.", messages.SUCCESS)
        return None

    def confirm(
        self, request: HttpRequest, tags: QuerySet[Tag], action: str, title: str, consequence: str, form: forms.Form
    ) -> TemplateResponse:
        """Ask first; the page carries a choice of all as one field, as Django takes no thousand of them."""
        is_all = request.POST.get("select_across") == "1"
        named = list(tags[:TAGS_NAMED])
        weight = vocabulary.weigh(tags)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "consequence": consequence,
            "weight": weight,
            "action": action,
            "tags": named,
            "more": weight.names - len(named),
            "form": form,
            "checkbox": ACTION_CHECKBOX_NAME,
            "chosen": ["0"] if is_all else request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": int(is_all),
            "newest": tags.order_by("-pk").values_list("pk", flat=True).first() or 0,
        }
        return TemplateResponse(request, "admin/tagging/tag/confirm.html", context)

    def log(self, request: HttpRequest, ids: Sequence[int], message: str) -> None:
        for portion in portions(ids):
            tags = Tag.objects.filter(pk__in=portion)
            LogEntry.objects.log_actions(cast(int, request.user.pk), tags, CHANGE, change_message=message)

    # -- Deleting one --

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count what goes with a tag: to list it could be half of all dev-logs."""
        weight = vocabulary.weigh(Tag.objects.filter(pk__in=[tag.pk for tag in objs]))
        counts = {"tags": weight.names, "aliases": weight.aliases, "dev-logs that lose it": weight.devlogs}
        named = [str(tag) for tag in objs]
        return named, counts | {"of which people set it": weight.set_by_people}, set(), []

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        """Block a tag, so that no answer brings it back; forget one that is blocked already."""
        if obj.is_blocked:
            super().delete_model(request, obj)
        else:
            vocabulary.block([obj.pk])
            self.message_user(request, f"{obj} is blocked from now on: unblock it here to let it be found again.")


def as_asked(request: HttpRequest, tags: QuerySet[Tag]) -> QuerySet[Tag]:
    """Return what a person chose; where it was all, no tag that came after the page that asked."""
    newest = request.POST.get("newest", "")
    return tags.filter(pk__lte=int(newest)) if newest.isdecimal() and len(newest) < 19 else tags


def names(tags: Sequence[Tag]) -> str:
    more = len(tags) - TAGS_NAMED
    named = ", ".join(map(str, tags[:TAGS_NAMED]))
    return f"{named} and {more} more" if more > 0 else named

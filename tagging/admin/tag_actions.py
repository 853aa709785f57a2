"""What people say that names of tags mean, as actions on the list and on a tag's page: merge, separate, block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from devlog_project.api.ids import is_id
from tagging.admin.batches import from_page
from tagging.admin.merge_preview import preview_of
from tagging.admin.tag_forms import ConfirmForm, MergeForm
from tagging.admin.tag_sight import most_used, places_for
from tagging.curation import separation, vocabulary
from tagging.models import DevLogTag, Tag
from tagging.models.sql import portions

TAGS_NAMED = 100
# So many names are suggested to merge into.
SUGGESTED = 200
# Aliases of tags on more dev-logs are separated by the command alone: a request would be held for too long.
SEPARATED_AT_ONCE = 5_000
STAY_AWAY = _(
    "These names leave all dev-logs, also where people set them, and are not stored any more. They stay in this list "
    "as blocked, so that no answer brings them back; who unblocks one lets it be found again."
)
MOVE = _("Their dev-logs move to the tag that stays, and their names become its aliases.")


class VocabularyActions(admin.ModelAdmin):
    """Actions on chosen names, each with a line in the admin's log; what takes tags off dev-logs is asked first."""

    actions = ["merge", "separate", "block", "unblock", "delete_selected"]

    def has_vocabulary_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tagging.change_tag")

    @admin.action(description=_("Merge into another tag …"), permissions=["vocabulary"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Tag]) -> HttpResponse | None:
        chosen = as_asked(request, queryset)
        sources = list(chosen.select_related("alias_of"))
        into = request.POST.get("into", "")
        data = request.POST if "into" in request.POST and "another" not in request.POST else None
        form = MergeForm(data, sources, self.get_queryset(request), into)
        target = form.cleaned_data["into"] if form.is_valid() else None
        if not target or "confirmed" not in request.POST:
            more = {
                "is_merge": True,
                "preview": preview_of(chosen, target, request.user) if target else None,
                "suggested": [] if target else most_used(request.user, SUGGESTED, chosen),
            }
            return self.confirm(request, chosen, "merge", gettext("Merge tags"), str(MOVE), form, more)
        try:
            with transaction.atomic():
                vocabulary.merge_all(sources, target)
                self.log(request, [tag.pk for tag in sources], gettext("Merged into %(tag)s.") % {"tag": target})
        except vocabulary.VocabularyError as error:  # another request was faster
            self.message_user(request, str(error), messages.ERROR)
        else:
            done = gettext("Merged into %(tag)s: %(names)s.") % {"tag": target, "names": names(sources)}
            back = gettext("“Separate” takes it back; to have another name stay, merge %(tag)s into that.")
            self.message_user(request, f"{done} {back % {'tag': target}}", messages.SUCCESS)
        return to_the_tag(request)

    @admin.action(description=_("Separate from the tag they were merged into"), permissions=["vocabulary"])
    def separate(self, request: HttpRequest, queryset: QuerySet[Tag]) -> HttpResponse | None:
        aliases = list(queryset.filter(alias_of__isnull=False).select_related("alias_of"))
        if (count := separation.places(aliases)) > SEPARATED_AT_ONCE:
            self.message_user(request, too_many(count, aliases), messages.ERROR)
            return to_the_tag(request)
        done = {}
        for alias in aliases:
            with suppress(vocabulary.VocabularyError):  # another request was faster
                done[alias] = separation.separate(alias)
                self.log(request, [alias.pk], gettext("Separated."))
        if done:
            self.message_user(request, separation.told(done, names(list(done))), messages.SUCCESS)
        else:
            self.message_user(request, gettext("None of these is an alias."), messages.ERROR)
        return to_the_tag(request)

    @admin.action(description=_("Block …"), permissions=["vocabulary"])
    def block(self, request: HttpRequest, queryset: QuerySet[Tag]) -> HttpResponse | None:
        chosen = as_asked(request, queryset)
        if "confirmed" not in request.POST:
            return self.confirm(request, chosen, "block", gettext("Block names"), str(STAY_AWAY), ConfirmForm())
        tags = list(chosen)
        ids = [tag.pk for tag in tags]
        vocabulary.block(ids)
        self.log(request, ids, gettext("Blocked."))
        self.message_user(request, gettext("Blocked: %(names)s.") % {"names": names(tags)}, messages.SUCCESS)
        return to_the_tag(request)

    @admin.action(description=_("Unblock"), permissions=["vocabulary"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Tag]) -> HttpResponse | None:
        tags = list(queryset.filter(is_blocked=True))
        vocabulary.unblock([tag.pk for tag in tags])
        self.log(request, [tag.pk for tag in tags], gettext("Unblocked."))
        found = names(tags) or gettext("nothing new")
        self.message_user(request, gettext("May be found again: %(names)s.") % {"names": found})
        return to_the_tag(request)

    @admin.action(description=_("Delete …"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Tag]) -> HttpResponse | None:
        chosen = as_asked(request, queryset)
        if not {"post", "confirmed"} & request.POST.keys():
            title = gettext("Delete tags")
            return self.confirm(request, chosen, "delete_selected", title, str(STAY_AWAY), ConfirmForm())
        tags = list(chosen)
        ids = [tag.pk for tag in tags]
        for portion in portions(ids):
            self.log_deletions(request, Tag.objects.filter(pk__in=portion))
        vocabulary.block(ids)
        done = gettext("Deleted, and blocked from now on: %(names)s.") % {"names": names(tags)}
        self.message_user(request, done, messages.SUCCESS)
        return None

    def confirm(
        self,
        request: HttpRequest,
        tags: QuerySet[Tag],
        action: str,
        title: str,
        consequence: str,
        form: forms.Form,
        more: Mapping[str, object] | None = None,
    ) -> HttpResponse:
        """Ask first; the page carries a choice of all as one field, as Django takes no thousand of them."""
        is_all = request.POST.get("select_across") == "1"
        named = counted(tags[:TAGS_NAMED], places_for(request.user))
        weight = vocabulary.weigh(tags, places_for(request.user))
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
            "from_page": from_page(request),
            **(more or {}),
        }
        return TemplateResponse(request, "admin/tagging/tag/confirm.html", context)

    def log(self, request: HttpRequest, ids: Sequence[int], message: str) -> None:
        for portion in portions(ids):
            tags = Tag.objects.filter(pk__in=portion)
            LogEntry.objects.log_actions(cast(int, request.user.pk), tags, CHANGE, change_message=message)

    # -- Deleting one --

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count what goes with a tag: to list it could be half of all dev-logs."""
        weight = vocabulary.weigh(Tag.objects.filter(pk__in=[tag.pk for tag in objs]), places_for(request.user))
        counts = {
            gettext("tags"): weight.names,
            gettext("aliases"): weight.aliases,
            gettext("dev-logs that lose it"): weight.devlogs,
            gettext("of which people set it"): weight.set_by_people,
        }
        return [str(tag) for tag in objs], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        """Block a tag, so that no answer brings it back; forget one that is blocked already."""
        if obj.is_blocked:
            super().delete_model(request, obj)
        else:
            vocabulary.block([obj.pk])
            told = gettext("%(tag)s is blocked from now on: unblock it here to let it be found again.")
            self.message_user(request, told % {"tag": obj})


def as_asked(request: HttpRequest, tags: QuerySet[Tag]) -> QuerySet[Tag]:
    """Return what a person chose; where it was all, no tag that came after the page that asked."""
    newest = request.POST.get("newest", "")
    return tags.filter(pk__lte=int(newest)) if is_id(newest) else tags


def to_the_tag(request: HttpRequest) -> HttpResponse | None:
    """Return to the tag's page if the action was begun there; Django itself returns to the list."""
    page = from_page(request)
    return redirect("admin:tagging_tag_change", page) if page else None


def counted(tags: QuerySet[Tag], among: QuerySet[DevLogTag]) -> list[tuple[Tag, int]]:
    """Return these few tags, each with the number of its dev-logs as it is now among those that a person may read."""
    few = list(tags)
    places = among.order_by().filter(tag__in=[tag.pk for tag in few])
    counts = dict(places.values_list("tag").annotate(Count("pk")))
    return [(tag, counts.get(tag.pk, 0)) for tag in few]


def names(tags: Sequence[Tag]) -> str:
    named = ", ".join(map(str, tags[:TAGS_NAMED]))
    more = len(tags) - TAGS_NAMED
    return gettext("%(names)s and %(more)s more") % {"names": named, "more": more} if more > 0 else named


def too_many(count: int, aliases: Sequence[Tag]) -> str:
    told = ngettext(
        "%(count)s dev-log would be looked through for %(names)s, too many here. "
        'Choose fewer, or run for each: manage.py separate_tag "%(first)s"',
        "%(count)s dev-logs would be looked through for %(names)s, too many here. "
        'Choose fewer, or run for each: manage.py separate_tag "%(first)s"',
        count,
    )
    return told % {
        "count": number_format(count, force_grouping=True),
        "names": names(aliases),
        "first": aliases[0],
    }

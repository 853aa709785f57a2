"""In the admin of tags: which names are nearly the same, to merge them."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext

from tagging.admin.tag_sight import IS_TAG, Person, nameable, with_figures
from tagging.curation.near_duplicates import remembered_pairs
from tagging.engine import recount
from tagging.models import Tag
from tagging.models.term import taught_names

PAIRS_ON_A_PAGE = 100


class Suggestion(NamedTuple):
    """A tag that may go into another, which more dev-logs carry."""

    source: Tag
    target: Tag
    why: str
    source_count: int
    target_count: int


class NearDuplicatesAdmin(admin.ModelAdmin):
    """The page of near-duplicates, beside the list of tags."""

    change_list_template = "admin/tagging/tag/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.near_duplicates)
        return [path("near-duplicates/", page, name="tagging_tag_near_duplicates"), *super().get_urls()]

    def near_duplicates(self, request: HttpRequest) -> TemplateResponse:
        """Suggest which tags to merge, the most used first; each leads to the page that asks before a merge."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        counted = recount.refresh()
        pages = Paginator(suggestions(request.user), PAIRS_ON_A_PAGE)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Near-duplicates"),
            "counted": counted,
            "suggestions": pages.get_page(request.GET.get("p")),
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/tagging/tag/near_duplicates.html", context)


def suggestions(user: Person) -> list[Suggestion]:
    """Return the pairs of nearly the same tags that a person may know of, those on the most dev-logs first.

    All tags are compared, whoever asks: so the comparison serves all.
    """
    taught_names.refresh()
    pairs = remembered_pairs.of(dict(Tag.objects.filter(IS_TAG).order_by("pk").values_list("pk", "name")))
    tags = with_figures(nameable(Tag.objects.filter(IS_TAG), user), user).in_bulk() if pairs else {}
    counts = {pk: vars(tag)["count"] for pk, tag in tags.items()}
    found = []
    for first, second, why in pairs:
        if first in tags and second in tags:
            source, target = sorted((first, second), key=lambda pk: (counts[pk], -pk))
            found.append(Suggestion(tags[source], tags[target], why, counts[source], counts[target]))
    return sorted(found, key=lambda one: (-one.source_count - one.target_count, one.target.slug, one.source.slug))

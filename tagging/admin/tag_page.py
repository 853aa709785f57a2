"""A tag's page: how it is used, what else is called so, and what people may do about it."""

from __future__ import annotations

from datetime import UTC
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from tagging.admin import shown
from tagging.admin.tag_figures import LATEST, Places, monthly, months_since, newest
from tagging.admin.tag_forms import AliasForm
from tagging.admin.tag_sight import with_figures
from tagging.curation import vocabulary
from tagging.engine import recount
from tagging.looks import charts
from tagging.models import Tag, Term

MONTHS = 24
ALIASES_SHOWN = 100


class TagPageAdmin(admin.ModelAdmin):
    """The page of one tag. What changes anything is there for those alone who may."""

    def get_urls(self) -> list[URLPattern]:
        alias = self.admin_site.admin_view(self.alias_view)
        return [path("<int:pk>/alias/", alias, name="tagging_tag_alias"), *super().get_urls()]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, object],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Tag | None = None,
    ) -> HttpResponse:
        if obj:
            context |= {"tag": obj, "may_change": self.has_change_permission(request), **self.meaning(request, obj)}
            if not obj.alias_of and not obj.is_blocked:
                context |= {"counted": recount.refresh(), **used(request, obj)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def meaning(self, request: HttpRequest, tag: Tag) -> dict[str, object]:
        """Return the other names of a tag, and what was taught or may be taught of it."""
        aliases = list(tag.aliases.order_by("name")[: ALIASES_SHOWN + 1])
        term = Term.objects.filter(name=tag.name).first() if request.user.has_perm("tagging.view_term") else None
        others = ", ".join(alias.name for alias in aliases[:ALIASES_SHOWN] if "," not in alias.name)
        taught = urlencode({"name": tag.name, "kind": tag.kind, "aliases": others})
        return {
            "aliases": aliases[:ALIASES_SHOWN],
            "has_more_aliases": len(aliases) > ALIASES_SHOWN,
            "term": term,
            "teach": f"{reverse('admin:tagging_term_add')}?{taught}"
            if request.user.has_perm("tagging.add_term") and not term
            else "",
        }

    def alias_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for one more name of a tag; where there is such a tag already, offer to merge it."""
        tag = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, tag):
            raise PermissionDenied
        form = AliasForm(request.POST if request.method == "POST" else None, tag, self.get_queryset(request))
        if form.is_valid() and self.is_added(request, tag, form):
            return redirect("admin:tagging_tag_change", tag.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Add an alias of %(tag)s") % {"tag": tag},
            "tag": tag,
            "form": form,
            "media": self.media,
        }
        return TemplateResponse(request, "admin/tagging/tag/alias.html", context)

    def is_added(self, request: HttpRequest, tag: Tag, form: AliasForm) -> bool:
        """Add the alias, unless another request was faster."""
        try:
            alias = vocabulary.add_alias(tag, form.cleaned_data["name"])
        except vocabulary.VocabularyError as error:
            form.add_error("name", str(error))
            return False
        self.log_change(request, tag, gettext("Added the alias %(alias)s.") % {"alias": alias})
        done = gettext("%(alias)s stands for %(tag)s from the next answer on. “Separate” takes it back.")
        self.message_user(request, done % {"alias": alias, "tag": tag}, messages.SUCCESS)
        return True


def used(request: HttpRequest, tag: Tag) -> dict[str, object]:
    """Return how a tag is used, with words of entries for those alone who may read them."""
    use = vars(with_figures(Tag.objects.filter(pk=tag.pk), request.user).get())
    places = Places(tag, request.user)
    may_see = shown.may_see_entries(request)
    today = timezone.now().astimezone(UTC).date()
    months = monthly(use["months"], today, min(MONTHS, months_since(use["first"], today))) if use["count"] else []
    points = [(date_format(day, "M Y"), count) for day, count in months]
    label = gettext("Dev-logs with %(tag)s by month") % {"tag": tag}
    return {
        "use": use,
        "devlogs_url": f"{reverse('admin:devlogs_devlog_changelist')}?{urlencode({'tags__slug': tag.slug})}",
        "latest": LATEST if len(places.latest) == LATEST else 0,
        "months": points,
        "chart": charts.columns(points, label) if points else "",
        "may_see_entries": may_see,
        "words": places.words() if may_see else [],
        "spellings": places.spellings() if may_see else [],
        "related": places.related(),
        "sources": places.sources(),
        "newest": newest(tag, request.user) if may_see else [],
    }

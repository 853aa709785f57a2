"""Tags: the list to browse them in, most used first, and the form by which one is spelt."""

from datetime import UTC, date
from typing import Literal

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.db.models import Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tagging.admin import shown
from tagging.admin.kinds import KindAdmin, KindFilter
from tagging.admin.near_duplicates import NearDuplicatesAdmin
from tagging.admin.tag_actions import VocabularyActions
from tagging.admin.tag_figures import monthly
from tagging.admin.tag_filters import NameFilter, UsedFilter, UsedWithinFilter
from tagging.admin.tag_forms import TagForm
from tagging.admin.tag_page import TagPageAdmin
from tagging.admin.tag_sight import count_for, nameable, with_figures
from tagging.curation import vocabulary
from tagging.engine import recount
from tagging.looks import charts
from tagging.models import Tag

REFRESH_SECONDS = 5
MONTHS = 12
# So many aliases of a tag are named in its row.
ALIASES_NAMED = 5


class TagList(ChangeList):
    """The tags of a page, with the aliases of these alone: an action may read all there are."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = self.result_list.prefetch_related("aliases")

    def get_ordering_field_columns(self) -> dict[int, Literal["desc", "asc"]]:
        """Show the most used first as what it is; Django looks for the name of a field."""
        if ORDER_VAR in self.params:
            return super().get_ordering_field_columns()
        return {self.list_display.index("count"): "desc"}


def or_long_ago(field: str) -> Coalesce:
    """Order by this day; PostgreSQL would have what was never used come before the latest."""
    return Coalesce(field, Value(date.min))


@admin.register(Tag)
class TagAdmin(KindAdmin, TagPageAdmin, VocabularyActions, NearDuplicatesAdmin):
    form = TagForm
    list_display = ["name", "kind_name", "count", "first_used", "last_used", "twelve_months", "other_names"]
    list_filter = [("kind", KindFilter), UsedWithinFilter, UsedFilter, NameFilter]
    list_select_related = ["alias_of"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["name"]  # and the names of aliases, see below
    search_help_text = _("Searches names and aliases.")
    readonly_fields = ["slug", "decided"]
    fields = ["name", "kind", *readonly_fields]
    delete_confirmation_template = "admin/tagging/tag/delete.html"

    class Media:
        css = {"all": ["tagging/charts.css", "tagging/tags.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:
        return TagList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        return with_figures(nameable(super().get_queryset(request), request.user), request.user)

    def get_ordering(self, request: HttpRequest) -> list[str | Combinable]:
        return [count_for(request.user).desc(), "name"]

    def get_form(
        self, request: HttpRequest, obj: Tag | None = None, change: bool = False, **kwargs: object
    ) -> type[ModelForm]:
        """Have the form know the person, who is not told of names that are hidden."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"person": request.user})

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        counted = recount.refresh() if request.method == "GET" else recount.Counted()  # not for an action
        response = super().changelist_view(request, {"counted": counted} | (extra_context or {}))
        if not request.GET and counted.percent is not None:
            response["Refresh"] = str(REFRESH_SECONDS)
        return response

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Tag], search_term: str
    ) -> tuple[QuerySet[Tag], bool]:
        """Find by name, by slug or by an alias; the aliases by themselves, as a join would read all for each name."""
        for word in search_term.split():
            alike = Q(name__icontains=word) | Q(slug__icontains=word)
            found = Tag.objects.filter(alike, alias_of__isnull=False).order_by().values("alias_of")
            queryset = queryset.filter(alike | Q(pk__in=found))
        return queryset, False

    def save_model(self, request: HttpRequest, obj: Tag, form: ModelForm, change: bool) -> None:
        if form.changed_data != ["kind"]:  # also as it stands: then it is spelt so for good
            vocabulary.rename(Tag.objects.select_related("alias_of").get(pk=obj.pk), obj.name)
        if "kind" in form.changed_data:
            Tag.objects.filter(pk=obj.pk).update(kind=obj.kind, is_kind_fixed=True)

    # -- Columns --

    @admin.display(description=_("dev-logs"), ordering="count")
    def count(self, tag: Tag) -> SafeString | str:
        count = vars(tag)["count"]
        if not count:
            return "0"
        query = urlencode({"tags__slug": tag.slug})
        return format_html('<a href="{}?{}">{}</a>', reverse("admin:devlogs_devlog_changelist"), query, count)

    @admin.display(description=_("first used"), ordering=or_long_ago("first"))
    def first_used(self, tag: Tag) -> date | None:
        return day_of(tag, "first")

    @admin.display(description=_("last used"), ordering=or_long_ago("last"))
    def last_used(self, tag: Tag) -> date | None:
        return day_of(tag, "last")

    @admin.display(description=_("twelve months"))
    def twelve_months(self, tag: Tag) -> SafeString | str:
        if not vars(tag)["count"]:
            return ""
        today = timezone.now().astimezone(UTC).date()
        values = [count for _month, count in monthly(vars(tag)["months"], today, MONTHS)]
        said = gettext("Dev-logs in each of the last twelve months: %(counts)s")
        return charts.sparkline(values, said % {"counts": ", ".join(map(str, values))})

    @admin.display(description=_("decided by people"))
    def decided(self, tag: Tag) -> str:
        decided = {gettext("the spelling"): tag.is_name_fixed, gettext("the kind"): tag.is_kind_fixed}
        return ", ".join(what for what, is_fixed in decided.items() if is_fixed) or shown.EMPTY

    @admin.display(description=_("other names"))
    def other_names(self, tag: Tag) -> SafeString | str:
        if tag.is_blocked:
            return gettext("blocked")
        if tag.alias_of:
            return format_html(gettext("alias of {}"), tag.alias_of)
        aliases = list(tag.aliases.all())
        named = format_html_join(", ", "<bdi>{}</bdi>", ((alias,) for alias in aliases[:ALIASES_NAMED]))
        if len(aliases) <= ALIASES_NAMED:
            return named
        return format_html(gettext("{} and {} more"), named, len(aliases) - ALIASES_NAMED)


def day_of(tag: Tag, name: str) -> date | None:
    """Return a day that was counted of a row's tag; none of a name that is on no dev-log."""
    return vars(tag)[name] if vars(tag)["count"] else None

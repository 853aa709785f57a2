"""Lists of many rows, each page of which reads the rows it shows and no others, and counts no more than it must."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.functional import cached_property

if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Any]
    Pages = Paginator[Any]
else:
    BaseAdmin, Pages = object, Paginator

# So many are counted, and once somebody has gone on to the last of these as many again.
MOST_COUNTED = 10_000


class AtLeast(int):
    """A count that was ended there, as there are more: shown with a plus."""

    def __str__(self) -> str:
        return f"{number_format(int(self), force_grouping=True)}+"


class Bounded(Pages):
    """Pages up to a bound that lies beyond the page asked for."""

    def __init__(self, rows: QuerySet[Any], per_page: int, page: int) -> None:
        super().__init__(rows, per_page)
        self._rows = rows
        self._most = MOST_COUNTED * (1 + page * per_page // MOST_COUNTED)

    @cached_property
    def count(self) -> int:
        found: int = self._rows.order_by().values("pk")[: self._most + 1].count()
        return AtLeast(self._most) if found > self._most else found


class IdsFirst(ChangeList):
    """The rows of a page: their ids first, and then the rows of these alone, so that what is skipped is not read."""

    def get_results(self, request: HttpRequest) -> None:
        ordering = self.queryset.query.order_by
        first = self.ids(self.queryset[: self.list_per_page + 1]) if self.page_num == 1 and not self.show_all else None
        if first is not None and len(first) <= self.list_per_page:
            # All there is: to count it would search once more.
            self.queryset = self.root_queryset.filter(pk__in=first).order_by(*ordering)
        super().get_results(request)
        shown = self.ids(self.result_list) if first is None else first[: self.list_per_page]
        rows = self.apply_select_related(self.root_queryset.filter(pk__in=shown)).order_by(*ordering)
        self.result_list = self.with_more(rows)

    def ids(self, rows: QuerySet[Any]) -> list[int]:
        return list(rows.values_list("pk", flat=True))

    def with_more(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the page with what else is shown of them; an action may read all there are."""
        return rows


class ManyRows(BaseAdmin):
    """A ModelAdmin on the list of which there may be a million rows: mix it in before ModelAdmin."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:
        return IdsFirst

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: object, **kwargs: object
    ) -> Pages:
        said = request.GET.get(PAGE_VAR, "")
        return Bounded(queryset, per_page, int(said) if said.isdecimal() and len(said) < 10 else 1)

"""Lists of many rows, each page of which reads the rows it shows and no others."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest


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

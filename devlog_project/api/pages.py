"""Pages that end: the cursor holds the values by which the last item shown is sorted, a unique one among them."""

import base64
import json
from typing import Any

from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

MAX_NUMBER = 2**63 - 1


class Pages(CursorPagination):
    """Pages by key. DRF's own count among items that are equal in the first value alone, and at most 1,000 of them.

    An item that is added or goes meanwhile moves no other from its page.
    """

    page_size: int
    ordering: tuple[str, ...]
    request: Request

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        backwards, position = self.position()
        order = [reverse(field) for field in self.ordering] if backwards else list(self.ordering)
        if position:
            queryset = queryset.filter(beyond(order, position))
        found = list(queryset.order_by(*order)[: self.page_size + 1])
        self.page = found[: self.page_size]
        has_more, came_from = len(found) > len(self.page), bool(position)
        if backwards:
            self.page.reverse()
        self.has_next, self.has_previous = (came_from, has_more) if backwards else (has_more, came_from)
        return self.page

    def position(self) -> tuple[bool, list[Any]]:
        """Return what the cursor says: whether it leads backwards, and the values to go on from."""
        cursor = self.request.query_params.get(self.cursor_query_param)
        if cursor is None:
            return False, []
        try:
            backwards, *position = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
            if len(position) == len(self.ordering) and all(map(fits, self.ordering, position)):
                return bool(backwards), position
        except (TypeError, ValueError, RecursionError):
            pass
        raise ValidationError({self.cursor_query_param: ["No cursor of this list: follow `next` and `previous`."]})

    def get_next_link(self) -> str | None:
        if not self.has_next:
            return None
        if not self.page:  # nothing is left before the place from which it came: it goes on from the beginning
            return remove_query_param(self.request.build_absolute_uri(), self.cursor_query_param)
        return self.link(False, self.page[-1])

    def get_previous_link(self) -> str | None:
        return self.link(True, self.page[0]) if self.has_previous and self.page else None

    def link(self, backwards: bool, item: object) -> str:
        position = [getattr(item, field.lstrip("-")) for field in self.ordering]
        cursor = base64.urlsafe_b64encode(json.dumps([int(backwards), *position]).encode())
        return replace_query_param(self.request.build_absolute_uri(), self.cursor_query_param, cursor.decode())


def reverse(field: str) -> str:
    return field.removeprefix("-") if field.startswith("-") else f"-{field}"


def fits(field: str, value: object) -> bool:
    """Return whether a value of a cursor, which the client may have made up, may be compared with this field."""
    if field == "slug":
        return isinstance(value, str) and value.isprintable()
    return type(value) is int and abs(value) <= MAX_NUMBER


def beyond(order: list[str], position: list[Any]) -> Q:
    """Return the condition for all that comes after this position in this order."""
    condition = Q()
    for field, value in reversed(list(zip(order, position, strict=True))):
        name, sign = field.lstrip("-"), "lt" if field.startswith("-") else "gt"
        equal_and_beyond = Q(**{name: value}) & condition if condition else Q()
        condition = Q(**{f"{name}__{sign}": value}) | equal_and_beyond
    return condition

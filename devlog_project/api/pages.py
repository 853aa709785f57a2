"""Pages that end: the cursor holds the values by which the last item shown is sorted, a unique one among them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.db.models import BooleanField, F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from devlog_project.api.moments import is_stored

if TYPE_CHECKING:  # DRF imports its paginators before its views
    from rest_framework.generics import GenericAPIView

# The items of a list, whichever they are.
Rows = QuerySet[Any]

MAX_NUMBER = 2**63 - 1
WHOLE = re.compile(r"[0-9]{1,9}")
# By what an item is sorted where that is not what it shows: SQLite writes one moment in several ways.
KEYS = {"created_at": "created_at_stored"}


class Pages(CursorPagination):
    """Pages by key. DRF's own count among items that are equal in the first value alone, and at most 1,000 of them.

    An item that is added or goes meanwhile moves no other from its page.
    """

    page_size: int
    max_page_size = 200
    page_size_query_param = "limit"
    # The one that counts unless a query says otherwise, and those that it may say, by name.
    ordering: tuple[str, ...]
    orderings: Mapping[str, tuple[str, ...]] = {}
    ordering_query_param = "ordering"
    # What of a query is a page's, as a view names it.
    parameters: Sequence[str] = ("limit", "cursor")
    request: Request

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        self.ordering = self.ordering_of(request)
        size = self.get_page_size(request)
        backwards, position = self.position()
        order = [reverse(field) for field in self.ordering] if backwards else list(self.ordering)
        if position:
            queryset = queryset.filter(beyond(order, position))
        found = list(self.first(queryset.order_by(*order), size + 1, cast("GenericAPIView[Any]", view)))
        self.page = found[:size]
        has_more, came_from = len(found) > len(self.page), bool(position)
        if backwards:
            self.page.reverse()
        self.has_next, self.has_previous = (came_from, has_more) if backwards else (has_more, came_from)
        return self.page

    def first(self, queryset: Rows, count: int, view: GenericAPIView[Any]) -> Rows:
        """Return the first of these, with what their keys are made of."""
        return queryset[:count]

    def ordering_of(self, request: Request) -> tuple[str, ...]:
        asked = request.query_params.get(self.ordering_query_param)
        if asked is None:
            return self.ordering
        if asked not in self.orderings:
            raise ValidationError({self.ordering_query_param: [f"One of: {', '.join(self.orderings)}."]})
        return self.orderings[asked]

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not WHOLE.fullmatch(asked) or not 1 <= int(asked) <= self.max_page_size:
            raise ValidationError({self.page_size_query_param: [f"A whole number from 1 to {self.max_page_size}."]})
        return int(asked)

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
        position = [getattr(item, KEYS.get(name, name)) for name in map(bare, self.ordering)]
        cursor = base64.urlsafe_b64encode(json.dumps([int(backwards), *position]).encode())
        return replace_query_param(self.request.build_absolute_uri(), self.cursor_query_param, cursor.decode())

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        links = {"next": {**link, "description": "The page after this one."}, "previous": link}
        required = ["next", "previous", "results"]
        return {"type": "object", "required": required, "properties": {**links, "results": schema}}

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        described = [
            (self.cursor_query_param, "Where a page begins: follow `next` and `previous`.", {"type": "string"}),
            (self.page_size_query_param, "How many a page holds.", limit),
        ]
        if self.orderings:
            names = {"type": "string", "enum": list(self.orderings), "default": next(iter(self.orderings))}
            described.append((self.ordering_query_param, "The order; of equals, that in which they came.", names))
        return [
            {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
            for name, description, schema in described
        ]


class PagesByTime(Pages):
    """Pages by the moment at which things were created."""

    parameters = ("ordering", "limit", "cursor")
    ordering = ("-created_at", "-pk")
    orderings: Mapping[str, tuple[str, ...]] = {"-created_at": ordering, "created_at": ("created_at", "pk")}

    def first(self, queryset: Rows, count: int, view: GenericAPIView[Any]) -> Rows:
        """Find by an index which they are, before anything is read that is only shown."""
        chosen = view.get_queryset().filter(pk__in=queryset.values("pk")[:count])
        return chosen.annotate(created_at_stored=Cast("created_at", TextField())).order_by(*queryset.query.order_by)


class Row(Func):
    template = "(%(expressions)s)"


class Before(Func):
    arg_joiner, template, output_field = " < ", "%(expressions)s", BooleanField()


class After(Before):
    arg_joiner = " > "


def bare(field: str) -> str:
    return field.removeprefix("-")


def reverse(field: str) -> str:
    return bare(field) if field.startswith("-") else f"-{field}"


def fits(field: str, value: object) -> bool:
    """Return whether a value of a cursor, which the client may have made up, may be compared with this field."""
    name = bare(field)
    if name in ("slug", "created_at"):
        return isinstance(value, str) and (value.isprintable() if name == "slug" else is_stored(value))
    return type(value) is int and abs(value) <= MAX_NUMBER


def beyond(order: list[str], position: list[Any]) -> Q | Before:
    """Return the condition for all that comes after this position in this order."""
    signs = {field.startswith("-") for field in order}
    if len(signs) == 1:  # so that an index leads to the place, also among equals
        comparison = Before if signs == {True} else After
        return comparison(Row(*(F(bare(field)) for field in order)), Row(*map(Value, position)))
    condition = Q()
    for field, value in reversed(list(zip(order, position, strict=True))):
        name, sign = bare(field), "lt" if field.startswith("-") else "gt"
        equal_and_beyond = Q(**{name: value}) & condition if condition else Q()
        condition = Q(**{f"{name}__{sign}": value}) | equal_and_beyond
    return condition

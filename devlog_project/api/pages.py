"""Cursor pages, whose cursor the client may have made up."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    def paginate_queryset(self, *args: Any, **kwargs: Any) -> list[Any] | None:
        try:
            return super().paginate_queryset(*args, **kwargs)
        except ValueError as error:  # a position that is no number, or no text
            raise NotFound(self.invalid_cursor_message) from error

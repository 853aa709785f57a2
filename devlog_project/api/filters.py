"""The filters that several lists have, so that each means the same everywhere and is refused in the same words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.drainage import set_override
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from devlog_project.api.access import sees_all
from devlog_project.api.moments import Moment, MomentField

Rows = QuerySet[Any]
AUTHOR_HELP = "Name of the user who wrote it. Staff may name anybody, others themselves."


def one_of(names: Iterable[object]) -> str:
    return _("One of: %(names)s.") % {"names": ", ".join(map(str, names))}


one_of_lazily = lazy(one_of, str)


def chosen_author(request: Request, name: str) -> int | None:
    """Return the id of the user whom a query names; raise ValidationError for one who may not be named, or is not."""
    if not sees_all(request):
        if name != request.user.get_username():
            raise ValidationError({"author": ["Only staff may choose another author."]})
        return request.user.pk
    author = get_user_model()._default_manager.filter(username=name).only("pk").first()
    if not author:
        raise ValidationError({"author": ["There is no user of this name."]})
    return author.pk


class AuthorFilter(filters.CharFilter):
    """Of one author, on dev-logs."""

    def filter(self, qs: Rows, value: str) -> Rows:
        return qs.filter(author=chosen_author(self.parent.request, value)) if value else qs


class ChoiceFilter(filters.ChoiceFilter):
    def __init__(self, *args: str, choices: Iterable[tuple[str, str]], **kwargs: str) -> None:
        words = {"invalid_choice": one_of_lazily([value for value, _name in choices])}
        super().__init__(*args, choices=choices, error_messages=words, **kwargs)


class ChoiceField(serializers.ChoiceField):
    """One of these, as a query has it."""

    def __init__(self, choices: list[str], **kwargs: Any) -> None:
        super().__init__(choices, error_messages={"invalid_choice": one_of(choices)}, **kwargs)


class BooleanFilter(filters.TypedChoiceFilter):
    """`true` or `false`, and nothing like it: django-filter's own would take any other word for no filter at all."""

    def __init__(self, field_name: str, label: str) -> None:
        choices = [("true", "true"), ("false", "false")]
        words = {"invalid_choice": one_of_lazily(["true", "false"])}
        super().__init__(field_name, label=label, choices=choices, coerce="true".__eq__, error_messages=words)
        set_override(self, "field", {"type": "boolean", "description": label})


class MomentFilter(filters.CharFilter):
    field_class = MomentField

    def filter(self, qs: Rows, value: datetime | None) -> Rows:
        return super().filter(qs, Moment(value)) if value else qs


class Since(MomentFilter):
    """From a moment on, or from the beginning of a day."""

    def __init__(self, field_name: str, what: str) -> None:
        label = (
            f"{what} at this moment or later: `2026-03-01` or `2026-03-01T08:00:00+01:00`. UTC unless it says "
            "otherwise; a date is the beginning of its day."
        )
        super().__init__(field_name, "gte", label=label)


class Until(MomentFilter):
    """Before a moment, or to the end of a day."""

    def __init__(self, field_name: str, what: str) -> None:
        label = (
            f"{what} before this moment; of a date, to the end of its day: `since=2026-03-01&until=2026-03-31` is "
            "all of March."
        )
        super().__init__(field_name, "lt", label=label, is_end=True)

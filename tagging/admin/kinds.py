"""The kinds of technology in the admin, by the names that their reader gives them."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tagging.looks.names import KINDS


class KindFilter(admin.ChoicesFieldListFilter):
    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": KINDS.get(str(choice["display"]), choice["display"])}


class KindAdmin(admin.ModelAdmin):
    """Tags and terms, which both have a kind."""

    @admin.display(description=_("kind"), ordering="kind")
    def kind_name(self, named: models.Model) -> object:
        return KINDS.get(vars(named)["kind"])

    def formfield_for_choice_field(
        self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: object
    ) -> forms.TypedChoiceField | None:
        if db_field.name == "kind":
            kwargs["choices"] = [("", "---------"), *KINDS.items()]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

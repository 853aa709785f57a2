"""The names of models and fields in the reader's language, also those that Django makes of a field's own name."""

from collections.abc import Iterable, Iterator

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy

OF_OURS = ("api", "devlogs", "tagging")
Model = type[models.Model]


def translate_names() -> None:
    """Have them looked up when they are shown; the migrations still see what the models say."""
    for model in our_models():
        meta = model._meta
        meta.verbose_name, meta.verbose_name_plural = map(gettext_lazy, _own_names(model))
        for field in _fields(model):
            field.verbose_name = gettext_lazy(str(field.verbose_name))
            field.help_text = gettext_lazy(str(field.help_text)) if field.help_text else ""


def names(of: Iterable[Model]) -> set[str]:
    """Return in English, as the catalogues have them, what all models are called, and the fields of these."""
    found = {name for model in our_models() for name in _own_names(model)}
    fields = [field for model in of for field in _fields(model)]
    return found | {str(text) for field in fields for text in (field.verbose_name, field.help_text) if text}


def our_models() -> list[Model]:
    return [model for label in OF_OURS for model in apps.get_app_config(label).get_models()]


def _own_names(model: Model) -> tuple[str, str]:
    return str(model._meta.verbose_name), str(model._meta.verbose_name_plural)


def _fields(model: Model) -> Iterator["models.Field[object, object]"]:
    return (field for field in model._meta.get_fields() if isinstance(field, models.Field))

"""An entry as a browser sends it: under the model's rules, in words for people."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from devlogs.models import DevLog

EMPTY = _("Write something first: an entry cannot be empty.")
TOO_LONG = _("An entry has at most %(limit_value)d characters; this one has %(show_value)d. Save it in parts.")


class EntryField(forms.CharField):
    """An entry from a browser, which sends CRLF for every newline."""

    widget = forms.Textarea
    default_error_messages = {"required": EMPTY, "blank": EMPTY, "max_length": TOO_LONG}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)

    def to_python(self, value: object) -> str:
        return re.sub("\r\n?", "\n", super().to_python(value) or "")

    def has_changed(self, initial: object, data: object) -> bool:
        return super().has_changed(self.to_python(initial), data)


class EntryForm(forms.ModelForm):
    """What one writes on a page; the rules of an entry are the model's own."""

    entry = EntryField()
    is_private = forms.BooleanField(required=False)

    class Meta:
        model = DevLog
        fields = ["entry", "is_private"]

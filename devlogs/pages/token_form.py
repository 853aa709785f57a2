"""What a new token is asked for: its name, and for how many days it is to hold."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devlog_project.api.models.tokens import MOST_DAYS, NAME_MAX_LENGTH, life_allowed


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=NAME_MAX_LENGTH,
        help_text=gettext_lazy("What it is for, so that you know it again: a program, a machine."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.IntegerField(label=gettext_lazy("Days it holds"), min_value=1, max_value=MOST_DAYS, required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        most: int = settings.API_TOKEN_DAYS
        self.fields["days"].help_text = (
            _("At most, and if you leave it empty, %(most)s.") % {"most": most}
            if most
            else _("If you leave it empty, it holds without end.")
        )

    def clean_days(self) -> int | None:
        days: int | None = self.cleaned_data["days"]
        life_allowed(days)
        return days

    @property
    def life(self) -> timedelta | None:
        return life_allowed(self.cleaned_data["days"])

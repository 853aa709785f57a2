"""Of which time and of which kind the technologies of the page are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tagging.looks import names
from tagging.stack.formats import OTHER
from tagging.stack.period import DAY, Period

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# By the name in the address: how many days, today the last of them; none for all.
DAYS = {"30": 30, "90": 90, "365": 365, "all": None}
RANGES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("365 days")), ("all", _("all time"))]
USUAL_RANGE = "90"
NO_KIND = _("other")
KINDS = [("", _("all kinds")), *((str(kind), name) for kind, name in names.KINDS.items()), (OTHER, NO_KIND)]


def today() -> date:
    return timezone.now().astimezone(UTC).date()


class DayField(forms.DateField):
    def __init__(self, label: _StrPromise) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        words = {"invalid": _("Write the day as 2026-03-01.")}
        super().__init__(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], error_messages=words)

    def to_python(self, value: str | date | datetime | None) -> date | None:
        return super().to_python(value)


class StackForm(forms.Form):
    """What the page may be asked for; days of one's own count more than a range."""

    range = forms.ChoiceField(
        choices=RANGES,
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": _("There is no such time: choose one of these.")},
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=KINDS,
        required=False,
        error_messages={"invalid_choice": _("There is no such kind: choose one of the list.")},
    )
    since = DayField(_("First day"))
    until = DayField(_("Last day"))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if since and since > today():
            self.add_error("since", _("This day is still to come."))
        elif since and until and since > until:
            self.add_error("until", _("The last day is before the first one."))
        return given

    @property
    def has_days(self) -> bool:
        return bool(self.cleaned_data.get("since") or self.cleaned_data.get("until"))

    @property
    def chosen_range(self) -> str:
        """Return the range that is shown; none where days are given."""
        return "" if self.has_days else self.cleaned_data.get("range") or USUAL_RANGE

    @property
    def chosen_kind(self) -> str:
        return str(self.cleaned_data.get("kind", ""))

    @property
    def period(self) -> Period:
        given = self.cleaned_data
        if self.has_days:
            return Period(given["since"], min(given["until"] or today(), today()))
        days = DAYS[self.chosen_range]
        return Period(today() - (days - 1) * DAY if days else None, today())

    def asked(self) -> dict[str, str]:
        """Return what is asked for, as an address has it."""
        given = self.cleaned_data
        chosen = {
            "range": self.chosen_range,
            "since": given["since"],
            "until": given["until"],
            "kind": self.chosen_kind,
        }
        return {name: str(value) for name, value in chosen.items() if value}

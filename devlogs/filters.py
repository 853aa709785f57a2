"""Which dev-logs a list holds.

Each condition on what belongs to a dev-log comes in one of two forms. Where few match, they are looked up first, and
then their dev-logs; where many do, the newest dev-logs are gone through until a page is full. Left alone, SQLite would
take one of them for both.
"""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django_filters import rest_framework as filters
from drf_spectacular.drainage import set_override
from rest_framework import serializers

from devlog_project.api.access import sees_all
from devlog_project.api.moments import Moment, MomentField
from devlogs import search
from devlogs.models import DevLog
from tagging.curation import vocabulary
from tagging.models import DevLogTag, Job
from tagging.models.tag import KINDS

# Each is one more subquery.
MAX_TAGS = 10
MANY = 2_000
REPEATABLE = ("tag", "tag_any")
DevLogs = QuerySet[DevLog]
RUNS = Q(lease_expires_at__isnull=False)
# In the words of the indexes on jobs, one by one; see `Job.shown_state`.
SHOWN_AS: dict[str, list[Q]] = {
    Job.State.PENDING: [Q(run_after__isnull=False), RUNS & Q(started_at=None)],  # edited while its call runs
    Job.State.RUNNING: [RUNS & Q(started_at__isnull=False)],
    Job.State.FAILED: [Q(state=RawSQL("'failed'", ()))],
}


class NamesField(filters.MultipleChoiceFilter.field_class):
    """Any texts: the parameter as often as it stands in the query."""

    def validate(self, value: list[str]) -> None:
        if len(value) > MAX_TAGS:
            raise ValidationError(f"At most {MAX_TAGS} tags at once.")


class NamesFilter(filters.MultipleChoiceFilter):
    field_class = NamesField


class QuestionField(forms.CharField):
    """Words to look for, as a list of words and phrases."""

    def to_python(self, value: str | None) -> list[str]:  # type: ignore[override]
        text = super().to_python(value)
        if not text:
            return []
        if len(text) > search.MAX_CHARACTERS:
            raise ValidationError(f"At most {search.MAX_CHARACTERS} characters.")
        if not (phrases := search.phrases(text)):
            raise ValidationError("There is no word in it: a letter or a digit at least.")
        return phrases


class QuestionFilter(filters.CharFilter):
    field_class = QuestionField


class MomentFilter(filters.CharFilter):
    field_class = MomentField


class BooleanFilter(filters.TypedChoiceFilter):
    """`true` or `false`, and nothing like it: django-filter's own would take any other word for no filter at all."""

    def __init__(self, field_name: str, label: str) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(field_name, label=label, choices=choices, coerce="true".__eq__)
        set_override(self, "field", {"type": "boolean", "description": label})


class DevLogFilter(filters.FilterSet):
    tag = NamesFilter(
        method="carrying",
        label=f"Name or slug of a tag, or of one that was merged into it. Given again, up to {MAX_TAGS} times: those "
        "dev-logs that carry all of them.",
    )
    tag_any = NamesFilter(
        method="carrying_any", label=f"As `tag`. Given again, up to {MAX_TAGS} times: those that carry one of them."
    )
    kind = filters.ChoiceFilter(method="of_kind", choices=KINDS, label="Those that carry a tag of this kind.")
    state = filters.ChoiceFilter(method="in_state", choices=Job.State.choices, label="State of the tagging.")
    private = BooleanFilter(field_name="is_private", label="Whether it is private: `true` or `false`.")
    author = filters.CharFilter(method="by", label="Name of the user who wrote it; for staff alone.")
    since = MomentFilter(
        method="from_then_on",
        label="Written at this moment or later: `2026-03-01` or `2026-03-01T08:00:00+01:00`. UTC unless it says "
        "otherwise; a date is the beginning of its day.",
    )
    until = MomentFilter(
        method="before",
        is_end=True,
        label="Written before this moment; of a date, to the end of its day: `since=2026-03-01&until=2026-03-31` is "
        "all of March.",
    )
    q = QuestionFilter(
        method="containing",
        label="Words of the entry, which must all occur; a phrase in double quotes as it stands. Case and accents do "
        "not count, all other signs only part words, and no word is found by its beginning. At most "
        f"{search.MAX_CHARACTERS} characters.",
    )

    class Meta:
        model = DevLog
        fields: list[str] = []

    def carrying(self, devlogs: DevLogs, name: str, value: list[str]) -> DevLogs:
        # The tag is looked up first: as a condition over joins, SQLite would read every dev-log.
        for text in value:
            devlogs = with_one_of(devlogs, DevLogTag.objects.filter(tag=vocabulary.find(text)))
        return devlogs

    def carrying_any(self, devlogs: DevLogs, name: str, value: list[str]) -> DevLogs:
        tags = {tag.pk for text in value if (tag := vocabulary.find(text))}
        return with_one_of(devlogs, DevLogTag.objects.filter(tag__in=sorted(tags)))

    def of_kind(self, devlogs: DevLogs, name: str, value: str) -> DevLogs:
        return with_one_of(devlogs, DevLogTag.objects.filter(tag__kind=value))

    def in_state(self, devlogs: DevLogs, name: str, value: str) -> DevLogs:
        if value == Job.State.DONE:  # most are
            return devlogs.filter(Exists(Job.objects.filter(devlog=OuterRef("pk"), state=value)))
        return with_one_of(devlogs, *map(Job.objects.filter, SHOWN_AS[value]))

    def by(self, devlogs: DevLogs, name: str, value: str) -> DevLogs:
        if not sees_all(self.request):
            raise serializers.ValidationError({name: ["Only staff may choose an author: you see your own dev-logs."]})
        author = get_user_model().objects.filter(username=value).only("pk").first()
        if not author:
            raise serializers.ValidationError({name: ["There is no user of this name."]})
        return devlogs.filter(author=author)

    def from_then_on(self, devlogs: DevLogs, name: str, value: datetime) -> DevLogs:
        return devlogs.filter(created_at__gte=Moment(value))

    def before(self, devlogs: DevLogs, name: str, value: datetime) -> DevLogs:
        return devlogs.filter(created_at__lt=Moment(value))

    def containing(self, devlogs: DevLogs, name: str, value: list[str]) -> DevLogs:
        return search.containing(devlogs, value)


PARAMETERS = tuple(DevLogFilter.base_filters)


def with_one_of(devlogs: DevLogs, *belonging: QuerySet[Any]) -> DevLogs:
    """Return the dev-logs to which a row of one of these belongs."""
    parts = [rows.order_by() for rows in belonging]
    few = [pk for rows in parts for pk in rows.values_list("devlog", flat=True)[: MANY + 1]]
    if len(few) <= MANY:  # else these may be the first of many, each perhaps several times
        return devlogs.filter(pk__in=set(few))
    return devlogs.filter(reduce(or_, (Q(Exists(rows.filter(devlog=OuterRef("pk")))) for rows in parts)))

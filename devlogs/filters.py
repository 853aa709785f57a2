"""Which dev-logs a list holds.

Each condition on what belongs to a dev-log comes in one of two forms. Where few match, they are looked up first, and
then their dev-logs; where many do, the newest dev-logs are gone through until a page is full. Left alone, SQLite would
take one of them for both.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters

from devlog_project.api.access import author_of
from devlog_project.api.filters import AUTHOR_HELP, AuthorFilter, BooleanFilter, ChoiceFilter, Since, Until
from devlogs import search
from devlogs.models import EXTERNAL_ID_MAX_LENGTH, DevLog
from tagging.curation import vocabulary
from tagging.models import DevLogTag, Job
from tagging.models.tag import KINDS

# Each is one more subquery.
MAX_TAGS = 10
MANY = 2_000
REPEATABLE = ("tag", "tag_any")
DevLogs = QuerySet[DevLog]
RUNS = Q(lease_expires_at__isnull=False, state="running")  # not what was cancelled while its call runs
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
            raise ValidationError(_("At most %(most)d tags at once.") % {"most": MAX_TAGS})


class NamesFilter(filters.MultipleChoiceFilter):
    field_class = NamesField


class QuestionField(forms.CharField):
    """Words to look for, as a list of words and phrases."""

    def to_python(self, value: str | None) -> list[str]:  # type: ignore[override]
        text = super().to_python(value)
        if not text:
            return []
        if len(text) > search.MAX_CHARACTERS:
            raise ValidationError(_("At most %(most)d characters.") % {"most": search.MAX_CHARACTERS})
        if not (phrases := search.phrases(text)):
            raise ValidationError(_("There is no word in it: a letter or a digit at least."))
        return phrases


class QuestionFilter(filters.CharFilter):
    field_class = QuestionField


class ExternalIdFilter(filters.CharFilter):
    """What its author calls it: without an `author` oneself, so that an index leads to the one there may be."""

    def filter(self, qs: DevLogs, value: str) -> DevLogs:
        if not value:
            return qs
        whose = {} if self.parent.data.get("author") else {"author": author_of(self.parent.request)}
        return qs.filter(external_id=value, **whose)


class DevLogFilter(filters.FilterSet):
    tag = NamesFilter(
        method="carrying",
        label=f"Name or slug of a tag, or of one that was merged into it. Given again, up to {MAX_TAGS} times: those "
        "dev-logs that carry all of them.",
    )
    tag_any = NamesFilter(
        method="carrying_any", label=f"As `tag`. Given again, up to {MAX_TAGS} times: those that carry one of them."
    )
    kind = ChoiceFilter(method="of_kind", choices=KINDS, label="Those that carry a tag of this kind.")
    state = ChoiceFilter(
        method="in_state",
        choices=[(state.value, str(state.label)) for state in Job.State],
        label="State of the tagging.",
    )
    private = BooleanFilter(field_name="is_private", label="Whether it is private: `true` or `false`.")
    author = AuthorFilter(label=AUTHOR_HELP)
    external_id = ExternalIdFilter(
        max_length=EXTERNAL_ID_MAX_LENGTH,
        label="The one that its author calls so: one's own, unless `author` names another.",
    )
    since = Since("created_at", "Written")
    until = Until("created_at", "Written")
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

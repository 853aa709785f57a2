"""Which dev-logs a list holds."""

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from devlogs.models import DevLog
from tagging.curation import vocabulary
from tagging.models import DevLogTag, Job

# Each is one more subquery.
MAX_TAGS = 10


class NamesField(filters.MultipleChoiceFilter.field_class):
    """Any texts: the parameter as often as it stands in the query."""

    def validate(self, value: list[str]) -> None:
        if len(value) > MAX_TAGS:
            raise ValidationError(f"At most {MAX_TAGS} tags at once.")


class NamesFilter(filters.MultipleChoiceFilter):
    field_class = NamesField


@extend_schema_field(OpenApiTypes.BOOL)
class BooleanFilter(filters.TypedChoiceFilter):
    """`true` or `false`, and nothing like it: django-filter's own would take any other word for no filter at all."""

    def __init__(self, field_name: str, label: str) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(field_name, label=label, choices=choices, coerce="true".__eq__)


class DevLogFilter(filters.FilterSet):
    tag = NamesFilter(
        method="carrying",
        label=f"Name or slug of a tag, or of one that was merged into it. Given again, up to {MAX_TAGS} times: those "
        "dev-logs that carry all of them.",
    )
    private = BooleanFilter(field_name="is_private", label="Whether it is private: `true` or `false`.")
    state = filters.ChoiceFilter(method="in_state", choices=Job.State.choices, label="State of the tagging.")

    class Meta:
        model = DevLog
        fields = ["tag", "private", "state"]

    def carrying(self, devlogs: QuerySet[DevLog], name: str, value: list[str]) -> QuerySet[DevLog]:
        # The tag is looked up first: as a condition over joins, SQLite would read every dev-log.
        for text in value:
            tag = vocabulary.find(text)
            devlogs = devlogs.filter(pk__in=DevLogTag.objects.filter(tag=tag).order_by().values("devlog"))
        return devlogs

    def in_state(self, devlogs: QuerySet[DevLog], name: str, value: str) -> QuerySet[DevLog]:
        condition = Q(job__state=value)
        if value == Job.State.RUNNING:
            condition &= Q(job__started_at__isnull=False)
        if value == Job.State.PENDING:  # and what is shown so: edited while its call runs
            condition |= Q(job__state=Job.State.RUNNING, job__started_at=None)
        return devlogs.filter(condition)

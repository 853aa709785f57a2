"""The API of the tech stack: the technologies of the dev-logs one may see, for people, resumes and further prompts."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from devlog_project.api.access import author_of, visible
from devlog_project.api.filters import AUTHOR_HELP, ChoiceField, chosen_author
from devlog_project.api.requests import StrictView
from devlogs.models import DevLog
from tagging.api.serializers import PlainSerializer
from tagging.stack.answer import MOST, USUAL_LIMIT, MisplacedError, Wish, answer
from tagging.stack.figures import Grouping, Trend
from tagging.stack.formats import Format
from tagging.stack.period import PeriodError, Range, period
from tagging.stack.prompt import BYTES_PER_TOKEN, LEAST_TOKENS, MOST_TOKENS, USUAL_TOKENS


class Markdown(BaseRenderer):
    media_type = "text/markdown"
    format = Format.MARKDOWN


class Text(BaseRenderer):
    media_type = "text/plain"
    format = Format.PROMPT


def choices(names: type[Any]) -> list[str]:
    return [str(name) for name in names]


class DayField(serializers.DateField):
    """A day, and no moment of it."""

    default_error_messages = dict.fromkeys(("invalid", "datetime"), "Days alone: 2026-03-01.")


class StackQuery(serializers.Serializer[Any]):
    """What is asked for."""

    range = ChoiceField(
        choices(Range),
        required=False,
        help_text="Whole days in UTC, today the last of them. `last_6_months` unless since or until are given.",
    )
    since = DayField(required=False, help_text="The first day, as 2026-01-31; else that of the first dev-log.")
    until = DayField(required=False, help_text="The last day, no later than today; else today.")
    group_by = ChoiceField(
        choices(Grouping),
        required=False,
        help_text="`kind` or `none` in each format, `week` in `json` and `markdown`. Else `markdown` and "
        "`jsonresume` are grouped by kind, the others not at all.",
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=MOST, default=USUAL_LIMIT, help_text="How many technologies, the most used first."
    )
    format = ChoiceField(
        choices(Format),
        default=str(Format.JSON),
        help_text="`prompt` is text to put before a further prompt: names and figures alone, nothing that an entry "
        "says. `markdown` goes into a README or a CV, `jsonresume` is a JSON Resume that has only skills. All three "
        "leave out a name that could be a sentence or markup; `json` has all names.",
    )
    max_tokens = serializers.IntegerField(
        required=False,
        min_value=LEAST_TOKENS,
        max_value=MOST_TOKENS,
        help_text=f"For `prompt` alone: its most tokens, one for every {BYTES_PER_TOKEN} bytes of UTF-8 (begun ones "
        f"counted); {USUAL_TOKENS} unless it is given. What does not fit is left out and counted.",
    )
    evidence = ChoiceField(
        ["1", "0", "true", "false"],
        default="0",
        help_text="For `json` and `markdown`: with one quote of each technology, the newest that shows it. Those of "
        "private dev-logs are for their author alone.",
    )
    author = serializers.CharField(required=False, help_text=AUTHOR_HELP)

    def wish(self) -> Wish:
        """Return what is meant; raise ValidationError for what cannot be."""
        self.is_valid(raise_exception=True)
        given = self.validated_data
        try:
            meant = period(given.get("range"), given.get("since"), given.get("until"))
        except PeriodError as error:
            raise serializers.ValidationError({"range" if "range" in given else "since": [str(error)]}) from error
        grouping = given.get("group_by")
        wish = Wish(
            meant,
            Format(given["format"]),
            Grouping(grouping) if grouping else None,
            given["limit"],
            given.get("max_tokens"),
            given["evidence"] in ("1", "true"),
        )
        try:
            wish.check()
        except MisplacedError as error:
            raise serializers.ValidationError({error.parameter: [str(error)]}) from error
        return wish


class QuoteSerializer(PlainSerializer):
    quote = serializers.CharField()
    date = serializers.DateField()
    devlog = serializers.IntegerField(help_text="The id of the dev-log that says so.")


class UsedTechnologySerializer(PlainSerializer):
    name = serializers.CharField()
    slug = serializers.CharField()
    kind = serializers.CharField(help_text="What it is; empty where nobody knows.")
    devlogs = serializers.IntegerField(help_text="How many dev-logs of the period have it.")
    share = serializers.FloatField(help_text="Which share of the dev-logs of the period, in per cent.")
    first_used = serializers.DateField()
    last_used = serializers.DateField()
    trend = serializers.ChoiceField(
        choices(Trend),
        help_text="Its share in the later half of the period beside that in the earlier one: `rising` from a quarter "
        "more on, `falling` from a quarter less on, else `steady`; `new` if the earlier half has none.",
    )
    source = serializers.CharField(  # type: ignore[assignment]  # a field called source, not a field's source
        help_text="`person` where a person set it on one of the dev-logs, else the extractor that found it last."
    )
    evidence = QuoteSerializer(allow_null=True, help_text="Null unless it was asked for and there is one.")


class TechnologyCountSerializer(PlainSerializer):
    slug = serializers.CharField()
    devlogs = serializers.IntegerField()


class TechnologyGroupSerializer(PlainSerializer):
    name = serializers.CharField(help_text="A kind, or `other` for none; or a week: 2026-W48.")
    technologies = TechnologyCountSerializer(many=True)


class StackSerializer(PlainSerializer):
    """The technologies of a period, the most used first."""

    since = serializers.DateField()
    until = serializers.DateField()
    devlogs = serializers.IntegerField(help_text="How many dev-logs the period has.")
    pending = serializers.IntegerField(help_text="How many of them still wait for their tags.")
    failed = serializers.IntegerField(help_text="How many of them could not be tagged.")
    technologies = UsedTechnologySerializer(many=True)
    left_out = serializers.IntegerField(help_text="How many technologies there are beyond the limit.")
    groups = TechnologyGroupSerializer(
        many=True, help_text="The same technologies by kind or week; empty unless asked for."
    )


class SkillSerializer(PlainSerializer):
    name = serializers.CharField()
    keywords = serializers.ListField(child=serializers.CharField())


class ResumeSerializer(PlainSerializer):
    """A JSON Resume that has only skills."""

    skills = SkillSerializer(many=True)


class TechStackView(StrictView):
    """The tech stack of the dev-logs one may see. Equal data gives equal bytes: a prompt that begins so is cached."""

    parameters = {"get": list(StackQuery().fields)}
    renderer_classes = [JSONRenderer, Markdown, Text]

    @extend_schema(
        summary="Show the tech stack of an author",
        operation_id="techstack_retrieve",
        parameters=[StackQuery],
        responses={
            (200, "application/json"): OpenApiResponse(
                PolymorphicProxySerializer("StackOrResume", [StackSerializer, ResumeSerializer], None),
                "`json`, or `jsonresume`.",
            ),
            (200, "text/markdown"): OpenApiResponse(str, "`markdown`."),
            (200, "text/plain"): OpenApiResponse(str, "`prompt`."),
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """Return the technologies of a period: how often, since when, whether more or less of late."""
        query = StackQuery(data=request.query_params)
        wish = query.wish()
        devlogs: QuerySet[DevLog] = visible(DevLog.objects.all(), request)
        if "author" in query.validated_data:
            devlogs = devlogs.filter(author=chosen_author(request, query.validated_data["author"]))
        content, content_type = answer(devlogs, wish, author_of(request))
        return HttpResponse(content, content_type=content_type)

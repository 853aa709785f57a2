"""Where a function that worked on a dev-log elsewhere posts what it found, with a token that is good for this only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.crypto import constant_time_compare
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tagging.extraction.base import ErrorCode, Extraction, ExtractionError, Technology, WaitingFor
from tagging.queues import notify_after_commit
from tagging.remote import records as remote

MAX_TECHNOLOGIES = 500  # far more than a model lists; what follows caps and grounds them
MAX_TOKENS = 10**9
MAX_WAIT_SECONDS = 3600.0


class Stale(APIException):
    status_code = 409
    default_code = "stale"


class ResultsToken(BaseAuthentication):
    """`Authorization: Bearer <TAGGING_RESULTS_TOKEN>`. It is nobody: it opens no other address."""

    def authenticate(self, request: Request) -> tuple[Any, str]:
        if not settings.TAGGING_RESULTS_TOKEN:
            raise NotFound("Results are not taken here: TAGGING_RESULTS_TOKEN is not set.")
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer" or not constant_time_compare(token, settings.TAGGING_RESULTS_TOKEN):
            raise AuthenticationFailed("This address takes the bearer token in TAGGING_RESULTS_TOKEN only.")
        return AnonymousUser(), "results"

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="results"'


class ResultsTokenScheme(OpenApiAuthenticationExtension):
    target_class = ResultsToken
    name = "resultsToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class TechnologySerializer(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True, trim_whitespace=False)
    evidence = serializers.CharField(allow_blank=True, trim_whitespace=False, default="")


class UsageSerializer(serializers.Serializer[Any]):
    input_tokens = serializers.IntegerField(min_value=0, max_value=MAX_TOKENS, default=0)
    output_tokens = serializers.IntegerField(min_value=0, max_value=MAX_TOKENS, default=0)


class FailureSerializer(serializers.Serializer[Any]):
    """Why there is no answer, see tagging.extraction.base.ExtractionError."""

    code = serializers.ChoiceField([code.value for code in ErrorCode])
    detail = serializers.CharField(max_length=500)
    permanent = serializers.BooleanField(default=False)
    waiting_for = serializers.ChoiceField(
        [WaitingFor.RATE_LIMIT.value, WaitingFor.PROVIDER.value], allow_null=True, default=None
    )
    retry_after = serializers.FloatField(min_value=0, max_value=MAX_WAIT_SECONDS, allow_null=True, default=None)


class ResultSerializer(serializers.Serializer[Any]):
    """What was found in one record, or what went wrong; the digest and the claim are the record's own."""

    entry_digest = serializers.CharField(max_length=64)
    claim = serializers.UUIDField(allow_null=True, default=None)
    technologies = serializers.ListField(child=TechnologySerializer(), required=False, max_length=MAX_TECHNOLOGIES)
    error = FailureSerializer(required=False)
    extractor = serializers.CharField(max_length=50)
    model = serializers.CharField(max_length=100)
    prompt_version = serializers.IntegerField(min_value=0, max_value=32_767, allow_null=True, default=None)
    usage = UsageSerializer(default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("technologies" in attrs) == ("error" in attrs):
            raise serializers.ValidationError("A result has either technologies or an error.")
        return attrs

    def result(self) -> remote.Result:
        given = dict(self.validated_data)
        usage, error = given.pop("usage"), given.pop("error", None)
        technologies = [Technology(**item) for item in given.pop("technologies", ())]
        outcome: Extraction | ExtractionError = Extraction(technologies, **usage)
        if error:
            outcome = failure(**error)
            outcome.input_tokens = usage.get("input_tokens", 0)
            outcome.output_tokens = usage.get("output_tokens", 0)
        return remote.Result(outcome, **given)


def failure(code: str, detail: str, waiting_for: str | None, **more: Any) -> ExtractionError:
    return ExtractionError(
        ErrorCode(code), detail, waiting_for=WaitingFor(waiting_for) if waiting_for else None, **more
    )


class SettledSerializer(serializers.Serializer[Any]):
    state = serializers.CharField()


class ResultsView(APIView):
    """Take the result of a record; posted again, it changes nothing."""

    authentication_classes = [ResultsToken]
    permission_classes = []

    @extend_schema(
        request=ResultSerializer,
        responses={
            200: OpenApiResponse(SettledSerializer, "Settled, now or before; the message may go."),
            204: OpenApiResponse(description="The dev-log was deleted; the message may go."),
            (409, "application/problem+json"): OpenApiResponse(
                OpenApiTypes.OBJECT, "Refused: the entry was edited, or another works on it. The message may go."
            ),
        },
    )
    def post(self, request: Request, id: int) -> Response:  # noqa: A002
        serializer = ResultSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            state = remote.settle_result(id, serializer.result())
        except remote.StaleError as error:
            raise Stale(str(error)) from error
        if state is None:
            return Response(status=204)
        notify_after_commit([id])  # there is room for another
        return Response({"state": state})

"""Where a function that worked on a dev-log elsewhere posts what it found, with a token that is good for this only."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.crypto import constant_time_compare
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from pydantic import ValidationError
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed, NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from devlog_project.api.requests import StrictView
from devlog_project.api.schema import problems
from tagging.extraction.contract import Result
from tagging.models import Job
from tagging.queues import notify
from tagging.remote import records


class Stale(APIException):
    status_code = 409
    default_code = "stale"


class ResultsToken(BaseAuthentication):
    """`Authorization: Bearer <TAGGING_RESULTS_TOKEN>`. It stands for no user and opens no other address."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, str]:
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

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def messages_by_field(error: ValidationError) -> dict[str, list[str]]:
    """Return what is wrong, by the dotted name of the field."""
    messages: dict[str, list[str]] = {}
    for each in error.errors():
        messages.setdefault(".".join(map(str, each["loc"])) or "non_field_errors", []).append(each["msg"])
    return messages


class ResultsView(StrictView):
    """Take the result of a record; posted again, it changes nothing."""

    takes_body = ["post"]
    keeps_answers = False  # a refusal here books what was paid, which a kept one would roll back

    authentication_classes = [ResultsToken]
    permission_classes = []
    throttle_classes = []

    @extend_schema(
        summary="Hand in the result of a record",
        operation_id="lambda_result",
        tags=["lambda"],
        request=Result,
        responses={
            200: OpenApiResponse(
                inline_serializer("Settled", {"state": serializers.ChoiceField(Job.State.choices)}),
                "Settled, now or before; the message may go.",
            ),
            204: OpenApiResponse(description="The dev-log was deleted; the message may go."),
            **problems(
                {409: "Refused: the entry was edited or made private, or another works on it. The message may go."}
            ),
        },
    )
    def post(self, request: Request, id: int) -> Response:  # noqa: A002
        try:
            state = records.settle_result(id, Result.model_validate(request.data))
        except ValidationError as error:
            raise serializers.ValidationError(messages_by_field(error)) from error
        except records.StaleError as error:
            raise Stale(str(error)) from error
        if state is None:
            return Response(status=204)
        notify([id])  # there is room for another
        return Response({"state": state})

"""The tokens of the user who asks: listed, made and revoked, one by one or all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.core.exceptions import ValidationError as RefusedError
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from devlog_project.api.models.tokens import (
    MOST_DAYS,
    MOST_TOKENS,
    NAME_MAX_LENGTH,
    TokenDetails,
    end_tokens,
    life_allowed,
    make_token,
)
from devlog_project.api.pages import Pages
from devlog_project.api.requests import StrictView
from devlog_project.api.schema import problems

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet
    from rest_framework.request import Request

NEVER_STORED = {"Cache-Control": "no-store"}


class ListedTokenSerializer(serializers.ModelSerializer[TokenDetails]):
    """A token as its user sees it: never its text."""

    created_at = serializers.DateTimeField(source="token.created", read_only=True)
    expiry = serializers.DateTimeField(source="token.expiry", read_only=True, allow_null=True)
    is_this_one = serializers.SerializerMethodField(help_text="Whether the request came with it.")

    class Meta:
        model = TokenDetails
        fields = ["id", "name", "created_at", "expiry", "last_used_at", "is_this_one"]
        read_only_fields = ["name"]

    def get_is_this_one(self, details: TokenDetails) -> bool:
        return details.token_id == getattr(self.context["request"].auth, "pk", None)


class MadeTokenSerializer(ListedTokenSerializer):
    """A token that was made just now, with its text."""

    token = serializers.CharField(help_text="Send `Authorization: Bearer …`. It is not shown again.")

    class Meta(ListedTokenSerializer.Meta):
        fields = [*ListedTokenSerializer.Meta.fields, "token"]


class NewTokenSerializer(serializers.Serializer[None]):
    """What a token is to be called, and for how long it is to hold."""

    name = serializers.CharField(max_length=NAME_MAX_LENGTH)
    days = serializers.IntegerField(
        min_value=1,
        max_value=MOST_DAYS,
        required=False,
        help_text="At most, and by default, as many as the service allows; no longer than the token you ask with.",
    )


class NewestFirst(Pages):
    page_size = 100
    ordering = ("-pk",)


class OwnTokens(StrictView, generics.GenericAPIView[TokenDetails]):
    permission_classes = [IsAuthenticated]  # also where DEBUG opens the API: else there is nobody whose they are
    queryset = TokenDetails.objects.select_related("token")
    serializer_class = ListedTokenSerializer
    pagination_class = NewestFirst
    filter_backends = []

    def get_queryset(self) -> QuerySet[TokenDetails]:
        return super().get_queryset().filter(token__user=self.request.user.pk)


@extend_schema_view(get=extend_schema(summary="List one's tokens, the newest first"))
class TokensView(OwnTokens, generics.ListAPIView[TokenDetails]):
    keeps_answers = False
    parameters = {"get": Pages.parameters}
    takes_body = ["post"]

    @extend_schema(
        summary="Make a token",
        request=NewTokenSerializer,
        responses={
            201: MadeTokenSerializer,
            **problems({409: f"There are {MOST_TOKENS} tokens of this user, as many as one may have."}),
        },
        operation_id="tokens_create",
    )
    def post(self, request: Request) -> Response:
        """Make a token; it is in this answer, and shown never again."""
        wanted = NewTokenSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        unknown = set(request.data) - set(wanted.fields)
        if unknown:
            known = ", ".join(wanted.fields)
            raise serializers.ValidationError({name: [f"Unknown field. Known here: {known}."] for name in unknown})
        try:
            life = life_allowed(wanted.validated_data.get("days"))
        except RefusedError as error:
            raise serializers.ValidationError({"days": error.messages}) from error
        details, text = make_token(cast("User", request.user), wanted.validated_data["name"], life, request.auth)
        shown = self.get_serializer(details).data | {"token": text}
        return Response(shown, 201, headers=NEVER_STORED)


class TokenView(OwnTokens):
    @extend_schema(summary="Revoke a token", responses={204: None})
    def delete(self, request: Request, id: int) -> Response:  # noqa: A002
        """Revoke one of one's own tokens, from this moment on."""
        get_object_or_404(self.get_queryset(), pk=id).token.delete()
        return Response(status=204)


class LogoutEverywhereView(StrictView, generics.GenericAPIView[TokenDetails]):
    permission_classes = [IsAuthenticated]

    @extend_schema(summary="Revoke all one's tokens", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Revoke all one's tokens, the one that the request came with included."""
        end_tokens(cast("User", request.user))
        return Response(status=204)

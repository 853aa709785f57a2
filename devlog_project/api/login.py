"""A token for a name and a password (HTTP Basic), of which knox keeps only the hash; and the admin's login page."""

from typing import Any, NoReturn, cast

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from knox.views import LoginView as KnoxLoginView
from knox.views import LogoutView as KnoxLogoutView
from rest_framework import serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import NotAuthenticated, Throttled
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from devlog_project.api.access import TokenAuthentication
from devlog_project.api.models.tokens import make_token
from devlog_project.api.requests import StrictView


class TokenSerializer(serializers.Serializer[Any]):
    """What a login answers: send `Authorization: Bearer …` from then on, until the expiry."""

    token = serializers.CharField()
    expiry = serializers.DateTimeField(allow_null=True)


@extend_schema(summary="Get a token for a name and a password", request=None, responses=TokenSerializer)
class LoginView(StrictView, KnoxLoginView):
    authentication_classes = [BasicAuthentication]
    permission_classes = [IsAuthenticated]
    keeps_answers = False

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        raise NotAuthenticated("Send name and password by HTTP Basic (curl -u NAME).")

    def create_token(self) -> tuple[AuthToken, str]:
        """Make a token that holds as long as the settings say."""
        details, text = make_token(cast("User", self.request.user), "login", self.get_token_ttl())
        return details.token, text

    def get_post_response(self, request: Request, token: str, instance: AuthToken) -> Response:
        response: Response = super().get_post_response(request, token, instance)
        response["Cache-Control"] = "no-store"
        return response


@extend_schema(summary="Revoke the token that this request came with", request=None, responses={204: None})
class LogoutView(StrictView, KnoxLogoutView):
    authentication_classes = [TokenAuthentication]


class AdminLoginForm(AdminAuthenticationForm):
    refusal: Any = None

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except Throttled as error:
            self.refusal = error
            raise ValidationError(str(error.detail)) from error


def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin's page to log in, which says 429 or 503 like the API where there are too many."""
    response = admin.site.login(request)
    form = (response.context_data or {}).get("form") if isinstance(response, TemplateResponse) else None
    if isinstance(form, AdminLoginForm) and form.refusal:
        response.status_code = form.refusal.status_code
        response["Retry-After"] = str(form.refusal.wait)
    return response

"""A token for a name and a password (HTTP Basic), of which knox keeps only the hash; and the admin's login page."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from knox.views import LoginView as KnoxLoginView
from knox.views import LogoutView as KnoxLogoutView
from rest_framework import serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import Throttled
from rest_framework.permissions import IsAuthenticated

from devlog_project.api.access import TokenAuthentication
from devlog_project.api.requests import StrictView


class TokenSerializer(serializers.Serializer[Any]):
    """What a login answers: send `Authorization: Token …` from then on, until the expiry."""

    token = serializers.CharField()
    expiry = serializers.DateTimeField()


@extend_schema(request=None, responses=TokenSerializer)
class LoginView(StrictView, KnoxLoginView):
    authentication_classes = [BasicAuthentication]
    permission_classes = [IsAuthenticated]

    def create_token(self) -> tuple[AuthToken, str]:
        """Make a token, and clear away the user's that have expired: nothing else does."""
        AuthToken.objects.filter(user=self.request.user, expiry__lt=timezone.now()).delete()
        made: tuple[AuthToken, str] = super().create_token()
        return made


@extend_schema(request=None, responses={204: None})
class LogoutView(StrictView, KnoxLogoutView):
    authentication_classes = [TokenAuthentication]


class AdminLoginForm(AdminAuthenticationForm):
    throttled: Any = None

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except Throttled as error:
            self.throttled = error
            raise ValidationError(str(error.detail)) from error


def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin's page to log in, which says 429 like the API after too many failures."""
    response = admin.site.login(request)
    form = (response.context_data or {}).get("form") if isinstance(response, TemplateResponse) else None
    if isinstance(form, AdminLoginForm) and form.throttled:
        response.status_code = 429
        response["Retry-After"] = str(form.throttled.wait)
    return response

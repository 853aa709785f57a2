"""A token for a name and a password (HTTP Basic), of which knox keeps only the hash; and the admin's login page."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import ngettext
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
from devlog_project.api.hashing import Busy
from devlog_project.api.models.tokens import make_token
from devlog_project.api.requests import StrictView

Answer = TypeVar("Answer", bound=HttpResponse)


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


class ThrottledForm(Form):
    """A form that looks at a password: after too many attempts it says so, and keeps the refusal for the answer."""

    refusal: Throttled | None = None

    @contextmanager
    def saying_refusals(self) -> Iterator[None]:
        try:
            yield
        except Throttled as error:
            self.refusal = error
            raise ValidationError(said(error)) from error


class ThrottledLoginForm(ThrottledForm, AuthenticationForm):
    def clean(self) -> dict[str, Any]:
        with self.saying_refusals():
            return super().clean()


class AdminLoginForm(ThrottledLoginForm, AdminAuthenticationForm):
    pass


def said(error: Throttled) -> str:
    """Return a refusal for people, in their language."""
    seconds = seconds_of(error)
    if isinstance(error, Busy):
        text = ngettext(
            "Too many are logging in at the moment. Try again in %(seconds)s second.",
            "Too many are logging in at the moment. Try again in %(seconds)s seconds.",
            seconds,
        )
    else:
        text = ngettext(
            "Too many failed logins. Try again in %(seconds)s second.",
            "Too many failed logins. Try again in %(seconds)s seconds.",
            seconds,
        )
    return text % {"seconds": seconds}


def seconds_of(error: Throttled) -> int:
    """Return how long to wait, as the API says it in Retry-After."""
    return int(vars(error)["wait"] or 1)


def with_refusal(response: Answer, form: object) -> Answer:
    """Have a page with this form answer 429 or 503 like the API, where the form was refused."""
    if isinstance(form, ThrottledForm) and form.refusal:
        response.status_code = form.refusal.status_code
        response["Retry-After"] = str(seconds_of(form.refusal))
    return response


def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin's page to log in, with the same limits."""
    response = admin.site.login(request)
    form = (response.context_data or {}).get("form") if isinstance(response, TemplateResponse) else None
    return with_refusal(response, form)

"""Login, logout and a new password: Django's own views, as pages of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth import authenticate, views
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from devlog_project.api.login import ThrottledForm, with_refusal
from devlogs.pages import drafts

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import QueryDict


class Login(views.LoginView):
    template_name = "pages/login.html"
    authentication_form = drafts.LoginForm

    def form_valid(self, form: drafts.LoginForm) -> HttpResponse:  # type: ignore[override]
        response = super().form_valid(form)
        drafts.keep(self.request, form.cleaned_data[drafts.KEY] or "")
        return response

    def form_invalid(self, form: drafts.LoginForm) -> HttpResponse:  # type: ignore[override]
        return with_refusal(super().form_invalid(form), form)

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | drafts.shown()


class Logout(views.LogoutView):
    http_method_names = ["get", "post", "options"]

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Log nobody out: any page can have a browser follow a link."""
        return redirect("pages:home")

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        owner = drafts.owner(request)
        response = super().post(request, *args, **kwargs)
        messages.success(request, _("You are logged out."), extra_tags=owner)
        return response


class PasswordForm(ThrottledForm, PasswordChangeForm):
    def __init__(self, user: User, data: QueryDict | None = None, *, request: HttpRequest, **more: object) -> None:
        super().__init__(user, data)
        self.request = request

    def clean_old_password(self) -> str:
        """Check it like a login: who found an open session does not get to guess."""
        password: str = self.cleaned_data["old_password"]
        with self.saying_refusals():
            if not is_password(self.request, password):
                raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return password


@method_decorator(never_cache, "dispatch")
class PasswordChange(views.PasswordChangeView):
    template_name = "pages/password.html"
    form_class = PasswordForm
    success_url = reverse_lazy("pages:account")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: PasswordForm) -> HttpResponse:  # type: ignore[override]
        response = super().form_valid(form)
        messages.success(self.request, _("Your password is changed. You are logged out everywhere else."))
        return response

    def form_invalid(self, form: PasswordForm) -> HttpResponse:  # type: ignore[override]
        return with_refusal(super().form_invalid(form), form)


def is_password(request: HttpRequest, password: str) -> bool:
    """Say whether this is the password of who is logged in; raise Throttled after too many guesses."""
    return authenticate(request, username=request.user.get_username(), password=password) == request.user


urls = [
    path("login/", Login.as_view(), name="login"),
    path("logout/", Logout.as_view(), name="logout"),
    path("account/password/", PasswordChange.as_view(), name="password"),
]

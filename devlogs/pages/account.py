"""What one has chosen, one's tokens, and what may be taken along or deleted."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path


@login_required
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/account.html")


urls = [path("account/", account, name="account")]

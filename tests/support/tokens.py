"""Tokens at the API."""

from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

URL = "/api/v1/devlogs/"
TOKENS, LOGIN = "/api/v1/auth/tokens/", "/api/v1/auth/login/"
BASIC = "Basic YWRhOmxvdmVsYWNl"  # of ada
PASSED = timedelta(seconds=-1)


def post(token):
    return APIClient().post(URL, {"entry": "Wrote a Django app."}, headers={"Authorization": f"Token {token}"})


def refusal(token):
    response = post(token)
    return response.status_code, response.json()["detail"]


def as_holder(token, scheme="Bearer"):
    return APIClient(headers={"Authorization": f"{scheme} {token}", "Content-Type": "application/json"})


def days_left(details):
    return details.token.expiry and round((details.token.expiry - timezone.now()) / timedelta(days=1))

"""The reference `plain`: what one writes with DRF where nothing is to be tagged, the leanest view that is sensible.

A generic view, a serializer of the model, DRF's own tokens, the middleware of `django-admin startproject` (see
settings.py); the same database settings, server and clients as the product. Like `bare` it holds a connection open.
"""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.generics import CreateAPIView
from rest_framework.serializers import BaseSerializer, ModelSerializer

from devlogs.models import DevLog
from tests.load.benchmarks.keeper import keep_a_connection


class PlainSerializer(ModelSerializer[DevLog]):
    class Meta:
        model = DevLog
        fields = ["id", "entry", "created_at"]


class PlainView(CreateAPIView[DevLog]):
    serializer_class = PlainSerializer

    def perform_create(self, serializer: BaseSerializer[DevLog]) -> None:
        serializer.save(author=self.request.user)


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("api/v1/devlogs/", PlainView.as_view()), path("healthz", healthz)]
keep_a_connection()

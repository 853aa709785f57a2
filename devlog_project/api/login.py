"""A token for a name and a password (HTTP Basic); knox keeps only its hash."""

from typing import Any

from drf_spectacular.utils import extend_schema
from knox.views import LoginView as KnoxLoginView
from knox.views import LogoutView as KnoxLogoutView
from rest_framework import serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import IsAuthenticated


class TokenSerializer(serializers.Serializer[Any]):
    """What a login answers: send `Authorization: Token …` from then on, until the expiry."""

    token = serializers.CharField()
    expiry = serializers.DateTimeField()


@extend_schema(request=None, responses=TokenSerializer)
class LoginView(KnoxLoginView):
    authentication_classes = [BasicAuthentication]
    permission_classes = [IsAuthenticated]


@extend_schema(request=None, responses={204: None})
class LogoutView(KnoxLogoutView):
    pass

"""The product's settings as in production, DEBUG off; with the URLs of another contestant if one is named.

`plain` has what a new project has: DRF's own tokens and the middleware that `django-admin startproject` writes.
"""

import os

from devlog_project.settings import *

contestant = os.environ.get("CONTESTANT")
if contestant:
    ROOT_URLCONF = f"tests.load.benchmarks.{contestant}"
if contestant == "plain":
    INSTALLED_APPS = [*INSTALLED_APPS, "rest_framework.authtoken"]
    MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]
    REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    }

"""What `celery -A devlog_project worker` runs: the app of the celery transport, with Django set up around it."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "devlog_project.settings")
django.setup()

from tagging.transports.celery import app  # noqa: E402, F401 - only now: apps must be ready

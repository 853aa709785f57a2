"""What a WSGI server serves. Importing it arms the worker: management commands never do."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "devlog_project.settings")
application = get_wsgi_application()

from tagging import startup  # noqa: E402 - apps must be ready

startup.arm()

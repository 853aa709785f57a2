"""What a WSGI server serves. Importing it arms the worker: management commands never do."""

import os
import sys
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from tagging.extraction.load_once import frozen_import

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "devlog_project.settings")
with frozen_import():
    application = get_wsgi_application()
    import_module(settings.ROOT_URLCONF)  # else the first request that is no probe loads all views

# Only now: apps must be ready.
from devlog_project.ops.starting import look_at_settings
from devlog_project.sqlite.keeping import keep_connections
from devlog_project.texts import Utf8WSGIRequest
from tagging import queues
from tagging.engine import startup

if not startup.is_serving_runserver(sys.argv):  # there, as on ASGI, each request has a thread of its own
    keep_connections()
    look_at_settings()  # runserver does it itself
application.request_class = Utf8WSGIRequest
startup.arm(queues.local_worker_maker())

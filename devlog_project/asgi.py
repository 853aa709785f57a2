"""What an ASGI server serves: Django, and the lifespan that starts and stops the worker with the server."""

import os
from importlib import import_module
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.asgi import get_asgi_application

from tagging.extraction.load_once import frozen_import

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "devlog_project.settings")
with frozen_import():
    django_application = get_asgi_application()
    import_module(settings.ROOT_URLCONF)  # else the first request that is no probe loads all views

# Only now: apps must be ready.
from devlog_project.ops.serving.asgi_bodies import Receive, Send, bounded
from devlog_project.ops.starting import look_at_settings
from devlog_project.texts import Utf8ASGIRequest
from tagging import queues
from tagging.engine import startup

look_at_settings()
django_application.request_class = Utf8ASGIRequest
startup.arm(queues.local_worker_maker())


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    # Django itself refuses all but HTTP, with a traceback.
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    else:
        await bounded(django_application, scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    """Start the worker when the server starts, stop it before the server stops."""
    while (await receive())["type"] == "lifespan.startup":
        startup.ensure_started()
        await send({"type": "lifespan.startup.complete"})
    await sync_to_async(startup.stop, thread_sensitive=False)()
    await send({"type": "lifespan.shutdown.complete"})

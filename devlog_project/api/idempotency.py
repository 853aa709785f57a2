"""`Idempotency-Key` on a POST: a repeat is given the first answer (draft-ietf-httpapi-idempotency-key-header).

Of a dev-log, or its job, the number alone is kept, and a repeat shows it as it is now.

The answer is kept in the transaction of what it tells of. So a process that is killed in between leaves either both or
neither, and a repeat neither loses nor doubles anything.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Protocol, runtime_checkable

from django.db import transaction
from django.http import Http404, HttpResponse
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devlog_project.api.access import author_of
from devlog_project.api.models.idempotency import MOST_CHARACTERS, IdempotencyKey
from devlog_project.api.problems import CONTENT_TYPE
from devlog_project.api.throttle import address_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
VALID = re.compile(rf"[!-~]{{1,{MOST_CHARACTERS}}}")

Handler = Callable[..., Response]


class StillAnswered(APIException):
    status_code = 409
    default_code = "still_answered"
    default_detail = "The first request with this Idempotency-Key is still being answered. Repeat it in a moment."
    wait = 1  # the seconds of Retry-After


class KeyReused(APIException):
    status_code = 422
    default_code = "key_reused"
    default_detail = "This Idempotency-Key came with another request before. A new request takes a new key."


class Gone(APIException):
    status_code = 410
    default_code = "gone"
    default_detail = "The first request with this Idempotency-Key was carried out; its dev-log was deleted since."


@runtime_checkable
class ShowsAnew(Protocol):
    """A view whose answers show one dev-log, or its job, under a number."""

    def number_of(self, shown: dict[str, Any]) -> int | None:
        """Return the number of what this body shows."""

    def show_anew(self, number: int) -> dict[str, Any]:
        """Return the body that shows it as it is now; raise Http404 if it is gone."""


class Running:
    """The keys that are being answered in this process."""

    def __init__(self) -> None:
        self._keys: set[tuple[object, ...]] = set()
        self._guard = threading.Lock()

    @contextmanager
    def __call__(self, key: IdempotencyKey) -> Iterator[None]:
        name = (key.user_id, key.address, key.key)
        with self._guard:
            if name in self._keys:
                raise StillAnswered
            self._keys.add(name)
        try:
            yield
        finally:
            with self._guard:
                self._keys.discard(name)


running = Running()


def answer_once(view: APIView, handler: Handler, request: Request, *args: object, **kwargs: object) -> HttpResponse:
    """Have the handler answer, and keep that; or return what is kept under the key."""
    key = key_of(request)
    with running(key), transaction.atomic():
        if not IdempotencyKey.objects.lock(key):
            raise StillAnswered
        if kept := IdempotencyKey.objects.kept(key):
            if kept.fingerprint != key.fingerprint:
                raise KeyReused
            return replayed(view, kept)
        response = answered(view, handler, request, *args, **kwargs)
        if response.status_code < 500 and response.status_code != 429:
            write(key, view, response)
            key.save(force_insert=True)
        return response


def answered(view: APIView, handler: Handler, request: Request, *args: object, **kwargs: object) -> Response:
    """Return what the handler answers, a refusal too, which leaves nothing written."""
    try:
        with transaction.atomic():
            return handler(request, *args, **kwargs)
    except Exception as error:
        return view.handle_exception(error)  # raises again what is no refusal


def key_of(request: Request) -> IdempotencyKey:
    key = request.headers[HEADER]
    if not VALID.fullmatch(key):
        raise ValidationError({HEADER: [f"1 to {MOST_CHARACTERS} visible ASCII characters."]})
    user = author_of(request)
    address = "" if user else address_of(request._request)[:100]
    asked = json.dumps([request.method, request.get_full_path(), request.data], sort_keys=True)
    return IdempotencyKey(user=user, address=address, key=key, fingerprint=sha256(asked.encode()).hexdigest())


def write(key: IdempotencyKey, view: APIView, response: Response) -> None:
    """Note what a repeat is answered: of what is shown anew then the number alone, so that no text outlives it."""
    key.status = response.status_code
    key.headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    shown = view.number_of(response.data) if isinstance(view, ShowsAnew) and not response.exception else response.data
    key.body = JSONRenderer().render(shown).decode()


def replayed(view: APIView, kept: IdempotencyKey) -> HttpResponse:
    headers = kept.headers | {REPLAYED: "true"}
    if isinstance(view, ShowsAnew) and kept.body.isdecimal():
        try:
            return Response(view.show_anew(int(kept.body)), kept.status, headers=headers)
        except Http404 as error:
            raise Gone from error
    response = HttpResponse(
        kept.body,
        status=kept.status,
        content_type=CONTENT_TYPE if kept.status >= 400 else JSONRenderer.media_type,
        headers=headers,
    )
    if not kept.body:
        del response["Content-Type"]
    return response

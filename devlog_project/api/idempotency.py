"""`Idempotency-Key` on a POST: a repeat is given the first answer (draft-ietf-httpapi-idempotency-key-header).

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

from django.db import transaction
from django.http import HttpResponse
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
            return replayed(kept)
        response = answered(view, handler, request, *args, **kwargs)
        if response.status_code < 500 and response.status_code != 429:
            write(key, response)
            key.save(force_insert=True)
            response.kept_as = key  # type: ignore[attr-defined]
        return response


def keep_instead(response: Response) -> None:
    """Keep a later state of an answer in the place of the first, where it is kept at all."""
    key: IdempotencyKey | None = getattr(response, "kept_as", None)
    if key:
        write(key, response)
        key.save(update_fields=["status", "headers", "body"])


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


def write(key: IdempotencyKey, response: Response) -> None:
    key.status = response.status_code
    key.headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    key.body = JSONRenderer().render(response.data).decode()


def replayed(kept: IdempotencyKey) -> HttpResponse:
    response = HttpResponse(
        kept.body,
        status=kept.status,
        content_type=CONTENT_TYPE if kept.status >= 400 else JSONRenderer.media_type,
        headers=kept.headers | {REPLAYED: "true"},
    )
    if not kept.body:
        del response["Content-Type"]
    return response

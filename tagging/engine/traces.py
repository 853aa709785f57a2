"""Traces by OpenTelemetry, each from a POST over the queue to the model's answer and the commit.

Off unless its packages are installed (requirements/otel.txt) and its own variables ask for it: then all of this does
nothing. No span holds an entry, a name or what an error says: `docs/logs.md` has what they hold.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from django.contrib.admindocs.views import simplify_regex
from django.http import HttpRequest

from devlog_project.api.origin import asked_by, current
from tagging.extraction.load_once import load_once

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

    from tagging.engine.attempting import FinishedAttempt

logger = logging.getLogger(__name__)

ASKING = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
# Of OpenTelemetry's name for its own protocol; all others are the names under which exporters are installed.
EXPORTERS = {"otlp": "otlp_proto_http"}
QUEUE: Attributes = {"messaging.system": "devlog", "messaging.destination.name": "tagging"}

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# As OpenTelemetry calls all others: who asks must not be able to make up a name.
OTHER = "_OTHER"
# So begins the route of what no other took: all but.
NOWHERE = "^(?!"

Attributes = dict[str, str | int]


@load_once
def tracer() -> Tracer | None:
    """Return what makes spans; None where nobody asks for any. The first call of a process starts its export."""
    name = os.environ.get("OTEL_TRACES_EXPORTER") or "otlp"
    if name == "none" or not any(map(os.environ.get, ASKING)):
        return None
    try:
        from opentelemetry.sdk.resources import Resource  # optional package
        from opentelemetry.sdk.trace import TracerProvider  # optional package
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # optional package
    except ImportError:
        logger.error("Traces are asked for, but OpenTelemetry is not installed: pip install -r requirements/otel.txt")
        return None
    found = list(entry_points(group="opentelemetry_traces_exporter", name=EXPORTERS.get(name, name)))
    if not found:
        logger.error("OTEL_TRACES_EXPORTER: no exporter is installed under this name; otlp and console are")
        return None
    resource = Resource.create({} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "devlog"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(found[0].load()()))
    return provider.get_tracer("tagging")


@contextmanager
def serving(request: HttpRequest) -> Iterator[Span | None]:
    """Have a span around the answer to this request, in the trace that the client says it is part of."""
    if not (made_by := tracer()):
        yield None
        return
    from opentelemetry.trace import SpanKind  # optional package

    parent = parent_of(request.headers.get("traceparent"))
    # Neither here nor below what an exception says.
    quiet = partial(made_by.start_as_current_span, record_exception=False, set_status_on_exception=False)
    with quiet(method_of(request), parent, SpanKind.SERVER) as span:
        yield span


def answered(span: Span | None, request: HttpRequest, status: int) -> None:
    """Name the span by the request's route, and say what came of it."""
    if span is None:
        return
    attributes: Attributes = {"http.request.method": method_of(request), "http.response.status_code": status}
    if route := route_of(request):
        span.update_name(f"{method_of(request)} {route}")
        attributes["http.route"] = route
    if status >= 500:
        attributes["error.type"] = str(status)
    note(span, attributes | asked(current().request_id))


def method_of(request: HttpRequest) -> str:
    return request.method if request.method in METHODS else OTHER


def route_of(request: HttpRequest) -> str:
    """Return the request's route; empty where none was found, as for a file or a redirect."""
    return shown(request.resolver_match.route) if request.resolver_match else ""


@cache  # there are as many as addresses in urls.py
def shown(route: str) -> str:
    """Return a route as people write it: `/api/v1/devlogs/<pk>/`."""
    return "" if route.startswith(NOWHERE) else re.sub(r"<\w+:(\w+)>", r"<\1>", simplify_regex(route))


@contextmanager
def publishing() -> Iterator[None]:
    """Have a span around the writing of jobs, which keep it as what their work goes on from."""
    if not (made_by := tracer()):
        yield
        return
    from opentelemetry.trace import SpanKind  # optional package
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # optional package

    attributes = QUEUE | {"messaging.operation.name": "publish", "messaging.operation.type": "send"}
    quiet = partial(made_by.start_as_current_span, record_exception=False, set_status_on_exception=False)
    with quiet("publish tagging", None, SpanKind.PRODUCER, attributes):
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        with asked_by(current()._replace(traceparent=carrier.get("traceparent"))):
            yield


def settled(one: FinishedAttempt, settling_since: float) -> None:
    """Tell of an attempt from its claim to the commit just made, with its call; `settling_since` is monotonic.

    All at once, now that it is over: so the threads of calls carry nothing, and know nothing of it.
    """
    if one.is_canary or not (made_by := tracer()):
        return
    from opentelemetry.trace import SpanKind, set_span_in_context  # optional package

    attempt, job = one.attempt, one.attempt.job
    offset = time.time() - time.monotonic()
    failure: Attributes = {"error.type": attempt.error_code} if one.error else {}

    def wall(monotonic: float) -> int:
        return int((offset + monotonic) * 1e9)

    began = one.began_at or settling_since
    claimed = min(int(attempt.started_at.timestamp() * 1e9), wall(began))
    attributes: Attributes = QUEUE | {"messaging.operation.name": "process", "messaging.operation.type": "process"}
    attributes |= {"messaging.message.id": str(job.pk), "devlog.attempt": attempt.number}
    attributes |= asked(job.request_id)
    process = made_by.start_span("process tagging", parent_of(job.traceparent), SpanKind.CONSUMER, start_time=claimed)
    note(process, attributes | failure)
    within = set_span_in_context(process)
    if one.began_at:  # not from the ledger, and not made elsewhere
        call = made_by.start_span(name_of_call(one), within, SpanKind.CLIENT, start_time=wall(began))
        note(call, of_model(one) | failure)
        call.end(wall(began + one.milliseconds / 1000))
    commit = made_by.start_span("settle tagging", within, SpanKind.CLIENT, start_time=wall(settling_since))
    note(commit, QUEUE | {"messaging.operation.name": "settle", "messaging.operation.type": "settle"})
    commit.end()
    process.end()


def name_of_call(one: FinishedAttempt) -> str:
    attempt = one.attempt
    return f"extract {attempt.extractor}" if attempt.prompt_version is None else f"chat {attempt.model}"


def of_model(one: FinishedAttempt) -> Attributes:
    """Return what is said of a call to a chat model; nothing of one that only computed."""
    attempt = one.attempt
    if attempt.prompt_version is None:
        return {}
    said: Attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": attempt.extractor}
    used: Attributes = {
        "gen_ai.usage.input_tokens": attempt.input_tokens,
        "gen_ai.usage.output_tokens": attempt.output_tokens,
    }
    return said | {"gen_ai.request.model": attempt.model} | used | {"devlog.entries_in_call": attempt.entries_in_call}


def parent_of(traceparent: str | None) -> Context | None:
    """Return the place in a trace that this says; None where it says none, and it goes on from where we are."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # optional package

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent}) if traceparent else None


def asked(request_id: str | None) -> Attributes:
    return {"devlog.request_id": request_id} if request_id else {}


def note(span: Span, attributes: Attributes) -> None:
    from opentelemetry.trace import StatusCode  # optional package

    span.set_attributes(attributes)
    if "error.type" in attributes:
        span.set_status(StatusCode.ERROR)

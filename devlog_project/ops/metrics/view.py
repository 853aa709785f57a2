"""The address that Prometheus scrapes."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from devlog_project.ops.metrics import own, shared
from devlog_project.ops.metrics.access import refusal
from devlog_project.ops.readiness import readiness


class DevLogCollector(Collector):
    """Read all anew at each scrape; while the database is down, tell what is known without it."""

    def collect(self) -> Iterator[Metric]:
        yield from own.families()
        known = from_database()
        yield GaugeMetricFamily(
            "devlog_database_up", "1 while an entry can be saved; at 0 what it holds is not told.", bool(known)
        )
        yield from known


def from_database() -> list[Metric]:
    """Return what it holds; nothing while it is down, for which nobody waits long."""
    try:
        return shared.families() if readiness.findings().database == "ok" else []
    except (DatabaseError, InterfaceError):
        return []


registry = CollectorRegistry()
registry.register(DevLogCollector())


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format, for who may read it."""
    if refused := refusal(request):
        return refused
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)

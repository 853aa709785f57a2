"""What one process knows of itself alone: its requests and its pool. The label `process` keeps those of others apart.

Where several processes share an address, each scrape meets one of them. Under one name without that label its counters
would fall and rise; so each has series of its own, and sums over them are right.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator

import django
from django.conf import settings
from django.db import connection
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric

from devlog_project import VERSION
from devlog_project.ops.metrics.requests import requests
from tagging.engine.fork import process_id


def families() -> Iterator[Metric]:
    process = str(process_id())
    yield of_build()
    yield from of_pool(process)
    labels = ["http_request_method", "http_route", "http_response_status_code", "process"]
    answered = HistogramMetricFamily(
        "http_server_request_duration_seconds", "From a request to the begin of its answer.", labels=labels
    )
    for (method, route, status), seen in sorted(requests.seen().items(), key=lambda item: item[0]):
        answered.add_metric([method, route, str(status), process], seen.buckets(), seen.total)
    yield answered


def of_build() -> Metric:
    told = {
        "version": VERSION,
        "python_version": platform.python_version(),
        "django_version": django.get_version(),
        "database": connection.vendor,
        "transport": settings.TAGGING_TRANSPORT.rpartition(".")[2],
        "extractor": settings.TAGGING_EXTRACTOR.rpartition(".")[2],
    }
    build = GaugeMetricFamily("devlog_build_info", "What runs here; always 1.", labels=[*told])
    build.add_metric([*told.values()], 1)
    return build


def of_pool(process: str) -> Iterator[Metric]:
    """Yield what the pool of PostgreSQL says; SQLite has none."""
    stats = pool.get_stats() if (pool := getattr(connection, "pool", None)) else {}
    size, idle = stats.get("pool_size", 0), stats.get("pool_available", 0)
    count = GaugeMetricFamily(
        "db_client_connection_count", "Connections of the pool.", labels=["db_client_connection_state", "process"]
    )
    most = GaugeMetricFamily("db_client_connection_max", "How many it may hold.", labels=["process"])
    waiting = GaugeMetricFamily(
        "db_client_connection_pending_requests", "Who waits for a connection.", labels=["process"]
    )
    if stats:
        count.add_metric(["idle", process], idle)
        count.add_metric(["used", process], size - idle)
        most.add_metric([process], stats.get("pool_max", 0))
        waiting.add_metric([process], stats.get("requests_waiting", 0))
    yield from (count, most, waiting)

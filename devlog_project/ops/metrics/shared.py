"""What all processes share, read from the database at each scrape: so whichever answers says the same."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import Job, ProviderState, Totals, Worker, due, queue
from tagging.models.histogram import Histogram
from tagging.models.queue_pause import PAUSED
from tagging.models.totals import Counted
from tagging.models.worker import ALIVE_SECONDS

REASONS = [PAUSED, WaitingFor.RATE_LIMIT.value, WaitingFor.PROVIDER.value, WaitingFor.BUDGET.value]
# Told from the beginning: of a counter that is there from its first 1 on Prometheus sees no increase.
NONE_YET = {("answered", ""): 0, ("lost", ErrorCode.WORKER_LOST.value): 0}
NONE_YET |= {("failed", code.value): 0 for code in ErrorCode}
# Of a job that waits for nothing but the others.
NOTHING = "nothing"


def families() -> list[Metric]:
    """Return them all; raises where the database does not answer."""
    return [*of_jobs(), *of_waiting(), *of_workers(), *of_today(), *of_attempts(Totals.objects.renewed())]


def of_jobs() -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "devlog_jobs", "Jobs by state; done ones about, where there are more than 10,000.", labels=["state"]
    )
    for state, count in queue.counts().items():
        jobs.add_metric([state], count)
    yield jobs
    rows = queue.pending_by_reason()
    pending = GaugeMetricFamily(
        "devlog_pending_jobs", "Pending jobs by what each waits for itself.", labels=["waiting_for"]
    )
    counts = {row["waiting_for"] or NOTHING: row["count"] for row in rows}
    for reason in [NOTHING, *(each.value for each in WaitingFor)]:
        pending.add_metric([reason], counts.get(reason, 0))
    yield pending
    oldest = max((due.age_of(row["oldest"]) for row in rows), default=0)
    yield GaugeMetricFamily(
        "devlog_oldest_pending_age_seconds", "Since when the oldest pending job is asked for; 0 where none is.", oldest
    )
    due_age = GaugeMetricFamily(
        "devlog_oldest_due_age_seconds",
        "For how long a job is due and not begun, at most; interactive ones are those that people wait for.",
        labels=["priority"],
    )
    for priority in Job.Priority:
        due_age.add_metric([priority.name.lower()], due.seconds_due(priority))
    yield due_age


def of_waiting() -> Iterator[Metric]:
    waits_for = (queue.waiting() or {}).get("waiting_for")
    waiting = GaugeMetricFamily(
        "devlog_queue_waiting", "1 for what the whole queue waits for; paused: for a person.", labels=["waiting_for"]
    )
    for reason in REASONS:
        waiting.add_metric([reason], reason == waits_for)
    yield waiting
    provider = ProviderState.objects.current()
    states = {"open": provider.is_paused, "half_open": provider.is_half_open}
    states["closed"] = not any(states.values())
    breaker = GaugeMetricFamily(
        "devlog_breaker", "1 for the state of the breaker; open: the provider is not called.", labels=["state"]
    )
    for state, is_so in sorted(states.items()):
        breaker.add_metric([state], is_so)
    yield breaker
    left = (provider.resume_at - provider.now).total_seconds() if provider.is_paused else 0.0  # type: ignore[operator]
    yield GaugeMetricFamily("devlog_pause_left_seconds", "What is left of the provider's pause.", left)


def of_workers() -> Iterator[Metric]:
    alive = list(Worker.objects.seen_within(ALIVE_SECONDS))
    yield GaugeMetricFamily(
        "devlog_workers", f"Workers that said within {ALIVE_SECONDS:.0f} s that they are there.", len(alive)
    )
    calls = sum(worker.calls_at_once or 0 for worker in alive)
    yield GaugeMetricFamily("devlog_worker_calls_at_once", "How many calls they may make at once, together.", calls)


def of_today() -> Iterator[Metric]:
    today = queue.spent_today()
    spent = {"tokens": today["tokens"], "dollars": float(today["cost"])}
    limits = {"tokens": today["tokens_limit"], "dollars": today["cost_limit"]}
    for unit in spent:
        yield GaugeMetricFamily(
            f"devlog_today_spent_{unit}", "What is booked on this day (UTC), canaries included.", spent[unit]
        )
        limit = GaugeMetricFamily(
            f"devlog_today_limit_{unit}", "What a day may cost; nothing where it has no limit.", labels=[]
        )
        if limits[unit]:
            limit.add_metric([], limits[unit])
        yield limit


def of_attempts(counted: Counted) -> Iterator[Metric]:
    attempts = CounterMetricFamily(
        "devlog_attempts", "Attempts that ended, by how; also those excused since.", labels=["outcome", "error_type"]
    )
    for labels, count in sorted((NONE_YET | counted.attempts).items()):
        attempts.add_metric(labels, count)
    yield attempts
    cost = CounterMetricFamily("devlog_cost_dollars", "What attempts cost.", labels=["gen_ai_request_model"])
    for labels, dollars in sorted(counted.cost.items()):
        cost.add_metric(labels, dollars)
    yield cost
    yield histogram(
        ("messaging_process_duration_seconds", "From the claim of a job to the end of its attempt."),
        ["outcome", "gen_ai_request_model"],
        counted.took,
    )
    yield histogram(
        ("devlog_pickup_duration_seconds", "From the asking for a dev-log's tags to the claim of its first attempt."),
        ["priority"],
        counted.waited,
    )
    yield histogram(
        ("gen_ai_client_token_usage", "Tokens of an attempt."),
        ["gen_ai_request_model", "gen_ai_token_type"],
        counted.tokens,
    )


def histogram(named: tuple[str, str], labels: list[str], seen: dict[tuple[str, ...], Histogram]) -> Metric:
    """Return the family of this name and help."""
    family = HistogramMetricFamily(*named, labels=labels)
    for values, each in sorted(seen.items(), key=lambda item: item[0]):
        family.add_metric(values, each.buckets(), each.total)
    return family

"""What is measured, against which reference, and what is to be reached.

A figure's `measure` plays one round and returns its ratios (or values) by label; each label has a target in TARGETS.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from tests.load.benchmarks.entries import entries
from tests.load.benchmarks.growth import LABELS, MOST, growth
from tests.load.benchmarks.load import quantiles
from tests.load.benchmarks.packs import packs
from tests.load.benchmarks.stage import BenchSite, Running, Stage
from tests.load.benchmarks.transports import TRANSPORTS, NotHereError, stand_in
from tests.load.benchmarks.waking import SWEEP, until_done, waking
from tests.support.servers import MANAGE, PYTHON
from tests.support.waiting import eventually

CLIENTS = 16
# The model that never answers in time to matter: slots are taken, and the worker is idle.
HANGING = 60.0
USUAL = 0.2
ENTRIES = entries()
MIB = 1024 * 1024

# A text says why a value is not there.
Measured = dict[str, float | str]


@dataclass(frozen=True)
class Target:
    """What a measured value must reach: at least `limit`, or at most."""

    sign: str
    limit: float
    unit: str = ""

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.sign == ">=" else value <= self.limit

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g}{self.unit}"


@dataclass(frozen=True)
class Pace:
    """How long each part of a round is measured: the same for all contestants."""

    warm_up: float
    seconds: float
    latencies: int  # dev-logs posted one by one
    lone: int  # dev-logs posted to each transport, each when all is quiet
    huge: int  # pending jobs in the big backlog


FULL = Pace(warm_up=1.0, seconds=4.0, latencies=150, lone=8, huge=1_000_000)
QUICK = Pace(warm_up=0.5, seconds=1.5, latencies=40, lone=3, huge=100_000)


class Round:
    """One round: its stage, its pace, and the order, which alternates so that no contestant is always the first."""

    def __init__(self, stage: Stage, pace: Pace, number: int) -> None:
        self.stage = stage
        self.pace = pace
        self._is_reversed = bool(number % 2)

    def in_turn(self, plays: dict[str, Callable[[], Measured]]) -> dict[str, Measured]:
        """Play all, first to last or last to first."""
        names = reversed(plays) if self._is_reversed else plays
        return {name: plays[name]() for name in names}

    def load(self, contestant: str, **options: object) -> Measured:
        with self.stage.running(contestant, **options) as running:
            # The import of the SDK is not the load's time.
            if options.get("latency") == HANGING:
                running.wait_until_it_rests()
            elif options.get("backlog"):
                running.wait_until_it_tags()
            return running.load(CLIENTS, self.pace.warm_up, self.pace.seconds)

    def load_alone_and_together(self, contestant: str, **options: object) -> Measured:
        """Play one client, then all; return what all met, and the p50 of the one as `alone`."""
        with self.stage.running(contestant, **options) as running:
            if options:
                running.wait_until_it_rests()
            alone = running.load(1, self.pace.warm_up / 2, self.pace.seconds / 2)
            return running.load(CLIENTS, self.pace.warm_up, self.pace.seconds) | {"alone": alone["p50"]}

    def drain(self, contestant: str, **options: object) -> Measured:
        with self.stage.running(contestant, **options) as running:
            return running.drain(self.pace.warm_up, self.pace.seconds)

    def pool(self, threads: int) -> Measured:
        """Play the reference that has no database; 0 threads are as many as the worker has slots by default."""
        with closing(self.stage.site(latency=USUAL)) as site:
            return site.ask("pool", threads, self.pace.warm_up, self.pace.seconds)


# -- the figures -------------------------------------------------------------------------------------------------


def posts(play: Round) -> Measured:
    """POST, by one client and by many, while the worker is idle and while it drains.

    Against what one would write with DRF where nothing is to be tagged, `plain`; and against our own view without its
    job, `bare`, which shows the queue's own share.
    """
    backlog = {"latency": USUAL, "backlog": 5_000}
    got = play.in_turn(
        {
            "plain": lambda: play.load_alone_and_together("plain"),
            "bare": lambda: play.load_alone_and_together("bare"),
            "idle": lambda: play.load_alone_and_together("product", latency=HANGING, backlog=200),
            "draining": lambda: play.load("product", **backlog),
            "naive": lambda: play.load("naive", **backlog),
            "naive-64": lambda: play.load("naive-64", **backlog),
        }
    )
    plain, bare, idle = got["plain"], got["bare"], got["idle"]
    to_plain = {name: measured["per_second"] / plain["per_second"] for name, measured in got.items()}
    return {
        "POST p50, one client": idle["alone"] / plain["alone"],
        "POST/s, 16 clients": to_plain["idle"],
        "POST/s, draining": to_plain["draining"],
        "POST p50 to bare, one client": idle["alone"] / bare["alone"],
        "POST/s to bare, worker idle": idle["per_second"] / bare["per_second"],
        "POST p50 to bare, worker idle": idle["p50"] / bare["p50"],
        "POST p99 to bare, worker idle": idle["p99"] / bare["p99"],
        "POST/s to bare, draining": got["draining"]["per_second"] / bare["per_second"],
        "POST/s, draining: naive": to_plain["naive"],
        "POST/s, draining: naive-64": to_plain["naive-64"],
        "POST/s, 16 clients: bare": to_plain["bare"],
        "CPU of a POST": idle["cpu_ms"] / plain["cpu_ms"],
        "CPU of a POST: bare": bare["cpu_ms"] / plain["cpu_ms"],
        "plain POST p50 ms, one client": plain["alone"],
        "plain POST/s": plain["per_second"],
        "plain POST p50 ms": plain["p50"],
        "plain POST p99 ms": plain["p99"],
        "plain CPU ms/POST": plain["cpu_ms"],
        "bare POST/s": bare["per_second"],
        "bare POST p50 ms": bare["p50"],
        "bare POST p99 ms": bare["p99"],
    }


def latency(play: Round) -> Measured:
    """From the receipt of the 201 to the commit of the tags, seen by polling the database."""
    with play.stage.running(latency=0.0) as running:
        for _ in range(10):
            until_done(running)
        times = quantiles([until_done(running) for _ in range(play.pace.latencies)])
        opening = running.site.ask("opening", play.pace.latencies)
    return {
        "201 to tags p50 ms": times["p50"],
        "201 to tags p99 ms": times["p99"],
        "opening a connection ms": opening["p50"],
    }


def drain(play: Round) -> Measured:
    """Jobs per second with a model that takes its time, against the same calls without a database, and naively."""
    backlog = {"latency": USUAL, "backlog": 5_000}
    got = play.in_turn(
        {
            "pool": lambda: play.pool(0),
            "product": lambda: play.drain("product", **backlog),
            "product 1": lambda: play.drain("product", TAGGING_CONCURRENCY="1", **backlog),
            "product 8": lambda: play.drain("product", TAGGING_CONCURRENCY="8", **backlog),
            "product 64": lambda: play.drain("product", TAGGING_CONCURRENCY="64", **backlog),
            "naive 1": lambda: play.drain("naive", **backlog),
            "naive 8": lambda: play.drain("naive-8", **backlog),
            "naive 64": lambda: play.drain("naive-64", **backlog),
        }
    )
    rates = {name: measured["per_second"] for name, measured in got.items()}
    against_naive = {f"drain: {n} slots/naive-{n}": rates[f"product {n}"] / rates[f"naive {n}"] for n in (1, 8, 64)}
    return {
        "drain jobs/s to pool": rates["product"] / rates["pool"],
        "drain CPU/job to pool": got["product"]["cpu_ms"] / got["pool"]["cpu_ms"],
        **against_naive,
        "product jobs/s": rates["product"],
        "product CPU ms/job": got["product"]["cpu_ms"],
        "product CPU ms/job: worker thread": got["product"]["busiest_thread_ms"],
        "pool CPU ms/call": got["pool"]["cpu_ms"],
    }


def embedded(play: Round) -> Measured:
    """Jobs per second when the extractor is fast and the database is all there is to wait for."""
    got = play.in_turn(
        {
            "product": lambda: play.drain("product", backlog=20_000),
            "naive": lambda: play.drain("naive", backlog=20_000),
        }
    )
    return {
        "drain embedded to naive": got["product"]["per_second"] / got["naive"]["per_second"],
        "embedded jobs/s": got["product"]["per_second"],
    }


def transports(play: Round) -> Measured:
    """Every transport that can be run here, with its usual worker and the same model; of the others, why not."""
    plays = {name: partial(transport, play, name) for name in TRANSPORTS}
    got = play.in_turn({"plain": lambda: play.load("plain"), **plays})
    plain = got.pop("plain")["per_second"]
    for measured in got.values():
        if "POST/s" in measured:
            measured["POST/s to plain"] = measured.pop("POST/s") / plain
    ran = {name: got[name] for name in TRANSPORTS if "not run" not in got[name]}
    values = {f"{name}: {what}": ran[name][what] for what in COMPARED for name in ran}
    return values | {name: got[name]["not run"] for name in TRANSPORTS if name not in ran}


COMPARED = ("POST/s to plain", "201 to tags p50 ms", "drain jobs/s")
# Jobs for each second of the drain: more than the default's eight slots can do.
ENOUGH = 60
PENDING = "SELECT COUNT(*) FROM tagging_job WHERE state = 'pending'"


def transport(play: Round, name: str) -> Measured:
    """Play all on one site, with a model that is quick, then hangs, and at last answers as usual; or say why not."""
    chosen, pace = TRANSPORTS[name], play.pace
    try:
        with (
            chosen.place() as settings,
            stand_in("model") as (model, port),
            closing(
                play.stage.site(model_url=f"http://127.0.0.1:{port}/v1", TAGGING_SWEEP_SECONDS=str(SWEEP), **settings)
            ) as site,
        ):
            if chosen.has_tables:
                site.migrate()
            server = site.serve("gunicorn")
            if chosen.worker:
                chosen.worker(site)
            running = Running(site, server)
            measured = {"201 to tags p50 ms": lone(running, pace.lone)}
            print("hang", file=model.stdin, flush=True)
            measured["POST/s"] = running.load(CLIENTS, pace.warm_up, pace.seconds)["per_second"]
            print(USUAL, file=model.stdin, flush=True)
            while site.count(PENDING) < ENOUGH * (pace.warm_up + pace.seconds):
                running.load(CLIENTS, 0, 1)
            measured["drain jobs/s"] = running.drain(pace.warm_up, pace.seconds)["per_second"]
            return measured
    except NotHereError as error:
        return {"not run": str(error)}


def lone(running: Running, times: int) -> float:
    """Return the p50 in ms of entries that come at all phases of the sweep, not each just after one."""
    for _ in range(3):  # the import of the SDK, and the first message
        until_done(running)
    waits = []
    for number in range(times):
        time.sleep(SWEEP * number / times)
        waits.append(until_done(running))
    return 1000 * statistics.median(waits)


def huge(play: Round) -> Measured:
    """What a huge backlog costs: POSTs, claims, memory, and the wait for the first job after a kill."""
    got = play.in_turn({"huge": lambda: with_backlog(play, play.pace.huge), "small": lambda: with_backlog(play, 0)})
    return {
        "huge backlog: POST p50": got["huge"]["p50"] / got["small"]["p50"],
        "huge backlog: claim": got["huge"]["claim"] / got["small"]["claim"],
        "huge backlog: RSS + MiB": (got["huge"]["memory"] - got["small"]["memory"]) / MIB,
        "huge backlog: restart s": first_job_after_kill(play),
    }


def with_backlog(play: Round, backlog: int) -> Measured:
    with play.stage.running(latency=USUAL, backlog=backlog) as running:
        measured = running.load(CLIENTS, play.pace.warm_up, play.pace.seconds)
        measured["memory"] = running.memory()
    with closing(play.stage.site(backlog=backlog or 100)) as site:
        measured["claim"] = site.ask("claims", 50)["p50"]
    return measured


def first_job_after_kill(play: Round) -> float:
    """Kill a server in the middle of its work; return the seconds from the new one's start to its first job."""
    with play.stage.running(latency=USUAL, backlog=play.pace.huge) as running:
        eventually(running.site.tagged, "the first tags")
        running.server.kill()
        done, began = running.site.tagged(), time.perf_counter()
        running.site.serve("gunicorn")
        while running.site.tagged() == done:
            time.sleep(0.01)
        return time.perf_counter() - began


def memory(play: Round) -> Measured:
    """Resident memory with 64 calls in flight, against the same server before it had anything to do."""
    with play.stage.running(latency=HANGING, TAGGING_CONCURRENCY="64") as running:
        time.sleep(play.pace.warm_up)
        idle, loaded_early = running.memory(), running.has_loaded_sdk()
        for _ in range(64):
            running.post(next(ENTRIES))
        claimed = "SELECT COUNT(*) FROM tagging_job WHERE state = 'running'"
        eventually(lambda: running.site.count(claimed) == 64, "64 calls in flight")
        running.wait_until_it_rests()
        return {
            "memory, 64 in flight": running.memory() / idle,
            "openai imported early": loaded_early + imported_by_commands(running.site),
            "idle server MiB": idle / MIB,
            "SDK and its client MiB": running.site.ask("sdk"),
        }


def scale(play: Round) -> Measured:
    """What the API's reading costs as the tables grow, on each database that is here."""
    return growth(play.pace.huge)


def imported_by_commands(site: BenchSite) -> int:
    """Return how many of these management commands import the SDK."""
    commands = [["check"], ["migrate"], ["showmigrations"], ["makemigrations", "--check"], ["help"]]
    done = [site.run([PYTHON, "-X", "importtime", *MANAGE[1:], *command]) for command in commands]
    return sum("| openai\n" in one.stderr for one in done)


FIGURES: dict[str, Callable[[Round], Measured]] = {
    "posts": posts,
    "latency": latency,
    "waking": waking,
    "drain": drain,
    "embedded": embedded,
    "packs": packs,
    "transports": transports,
    "memory": memory,
    "huge": huge,
    "scale": scale,
}

TARGETS: dict[str, Target] = {
    "POST p50, one client": Target("<=", 1),
    "POST/s, 16 clients": Target(">=", 1),
    "POST/s, draining": Target(">=", 0.75),
    "POST/s to bare, worker idle": Target(">=", 0.90),
    "POST p50 to bare, worker idle": Target("<=", 1.15),
    "POST p99 to bare, worker idle": Target("<=", 0.50),
    "POST/s to bare, draining": Target(">=", 0.70),
    "201 to tags p50 ms": Target("<=", 10, " ms"),
    "201 to tags p99 ms": Target("<=", 50, " ms"),
    "201 to tags, run_worker p50 ms": Target("<=", 10, " ms"),
    "201 to tags, run_worker p99 ms": Target("<=", 50, " ms"),
    "201 to tags, run_worker on PostgreSQL p50 ms": Target("<=", 10, " ms"),
    "201 to tags, run_worker on PostgreSQL p99 ms": Target("<=", 50, " ms"),
    "201 to tags, between hosts p50 ms": Target("<=", 50, " ms"),
    "idle run_worker % of a core": Target("<=", 0.3, " %"),
    "drain jobs/s to pool": Target(">=", 0.85),
    "drain CPU/job to pool": Target("<=", 1.25),
    "drain: 1 slots/naive-1": Target(">=", 1),
    "drain: 8 slots/naive-8": Target(">=", 1),
    "drain: 64 slots/naive-64": Target(">=", 1),
    "drain embedded to naive": Target(">=", 5),
    "8 to a call: calls": Target("<=", 0.14),
    "8 to a call: input tokens": Target("<=", 0.30),
    "8 to a call: CPU/job": Target("<=", 0.60),
    "memory, 64 in flight": Target("<=", 1.3),
    "openai imported early": Target("<=", 0),
    "huge backlog: POST p50": Target("<=", 1.1),
    "huge backlog: claim": Target("<=", 2),
    "huge backlog: RSS + MiB": Target("<=", 20, " MB"),
    "huge backlog: restart s": Target("<=", 2, " s"),
    **dict.fromkeys(LABELS, Target("<=", MOST)),
}

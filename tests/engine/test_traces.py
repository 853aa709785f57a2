"""One trace from the POST over the queue to the model's answer and the commit, and nothing of the entry in it."""

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tagging.engine import traces
from tagging.extraction.base import ErrorCode
from tagging.models import Job
from tests.support.extractors import Paid, Scripted, error
from tests.support.site import Site
from tests.support.waiting import eventually
from tests.support.wire import FakeOpenAI
from tests.support.workers import run_worker

pytest.importorskip("opentelemetry.sdk", reason="needs opentelemetry-sdk, from requirements/dev.txt")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

DEVLOGS = "/api/v1/devlogs/"
ENTRY = {"entry": "Wrote a Zwetschgenknoedel with Django."}
TRACE, CLIENT_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
WAY = ["POST /api/v1/devlogs/", "publish tagging", "process tagging", "chat model-1", "settle tagging"]


@pytest.fixture
def spans(monkeypatch):
    """Return a function that gives the spans that have ended, by name."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(traces, "tracer", lambda: provider.get_tracer("test"))
    yield lambda: {span.name: span for span in exporter.get_finished_spans()}
    provider.shutdown()


def parents(spans) -> list[tuple[str, str | None]]:
    """Return each span's name with that of its parent; None for one that is not ours."""
    names = {span.context.span_id: name for name, span in spans.items()}
    return [(name, span.parent and names.get(span.parent.span_id)) for name, span in spans.items()]


@pytest.mark.django_db(transaction=True)
def test_a_post_and_the_work_for_it_are_one_trace(api, run_jobs, spans):
    api.post(DEVLOGS, ENTRY, headers={"X-Request-ID": "mine"})
    run_jobs(Paid(["Django"]))

    assert sorted(parents(spans())) == sorted(
        [(WAY[0], None), (WAY[1], WAY[0]), (WAY[2], WAY[1]), (WAY[3], WAY[2]), (WAY[4], WAY[2])]
    )
    assert len({span.context.trace_id for span in spans().values()}) == 1
    model = spans()["chat model-1"].attributes
    assert (model["gen_ai.usage.input_tokens"], model["gen_ai.usage.output_tokens"]) == (7, 3)
    assert spans()["process tagging"].attributes["devlog.request_id"] == "mine"
    assert "Zwetschgenknoedel" not in "".join(span.to_json() for span in spans().values())


@pytest.mark.django_db(transaction=True)
def test_it_is_part_of_the_trace_that_the_client_names(api, run_jobs, spans):
    api.post(DEVLOGS, ENTRY, headers={"traceparent": f"00-{TRACE}-{CLIENT_SPAN}-01"})
    run_jobs(Paid(["Django"]))

    assert {f"{span.context.trace_id:032x}" for span in spans().values()} == {TRACE}
    assert f"{spans()[WAY[0]].parent.span_id:016x}" == CLIENT_SPAN


@pytest.mark.django_db
def test_a_request_is_named_by_its_route_as_metrics_name_it_and_by_nothing_made_up(api, spans):
    api.raise_request_exception = False
    api.get("/api/v1/jobs/7/")
    api.generic("BREW", "/brewed/up")

    told = [(name, span.attributes.get("http.route")) for name, span in spans().items()]
    assert told == [("GET /api/v1/jobs/<pk>/", "/api/v1/jobs/<pk>/"), (traces.OTHER, None)]


@pytest.mark.django_db(transaction=True)
def test_a_call_that_failed_says_its_code_and_no_words(api, run_jobs, spans):
    api.post(DEVLOGS, ENTRY)
    run_jobs(Paid(error(ErrorCode.ENTRY_TOO_LONG, permanent=True)))

    call = spans()["chat model-1"]
    assert (call.attributes["error.type"], call.status.is_ok, call.status.description) == (
        "entry_too_long",
        False,
        None,
    )


@pytest.mark.django_db(transaction=True)
def test_an_error_of_ours_marks_the_request_without_what_it_says(api, spans, monkeypatch):
    def fail(devlog, **more):
        raise ValueError(devlog.entry)

    monkeypatch.setattr("devlogs.entries.write", fail)
    api.raise_request_exception = False
    api.post(DEVLOGS, ENTRY)

    span = spans()[WAY[0]]
    assert (span.status.is_ok, span.attributes["error.type"], span.events) == (False, "500", ())


def test_an_error_while_a_job_is_written_leaves_none_of_its_words(spans):
    with pytest.raises(ValueError, match="Zwetsch"), traces.publishing():
        raise ValueError("Zwetschgenknoedel")

    assert "Zwetschgenknoedel" not in spans()["publish tagging"].to_json()


@pytest.mark.django_db(transaction=True)
def test_probes_leave_no_spans(client, spans):
    client.get("/healthz")
    client.get("/readyz")

    assert spans() == {}


@pytest.mark.django_db(transaction=True)
def test_the_times_follow_each_other(api, run_jobs, spans):
    api.post(DEVLOGS, ENTRY)
    run_jobs(Paid(["Django"]))

    process, call, commit = (spans()[name] for name in WAY[2:])
    assert process.start_time <= call.start_time <= call.end_time <= commit.end_time <= process.end_time


@pytest.mark.django_db(transaction=True)
def test_an_extractor_that_only_computes_is_no_chat(api, run_jobs, spans):
    api.post(DEVLOGS, ENTRY)
    run_jobs(Scripted(["Django"]))

    assert "extract scripted" in spans()
    assert not [name for name in spans() if name.startswith("chat")]


@pytest.mark.django_db(transaction=True)
def test_without_traces_a_job_keeps_no_place_in_one(api, run_jobs):
    pk = api.post(DEVLOGS, ENTRY, headers={"traceparent": f"00-{TRACE}-{CLIENT_SPAN}-01"}).json()["id"]

    assert traces.tracer() is None
    assert Job.objects.get(pk=pk).traceparent is None


# -- real processes ----------------------------------------------------------------------------------------------


class Collector(BaseHTTPRequestHandler):
    """Takes spans by OTLP, as a collector does."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for of_process in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.server.spans += [span for scope in of_process.scope_spans for span in scope.spans]
        self.server.bodies.append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        server.spans, server.bodies = [], []
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_collector_gets_one_trace_of_a_server_a_worker_and_the_model_they_ask(tmp_path, collector):
    ours = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    with FakeOpenAI() as model, Site(tmp_path, OPENAI_BASE_URL=model.base_url, OPENAI_MODEL="gpt-x", **ours) as site:
        site.settings["TAGGING_EXTRACTOR"] = "openai"
        site.migrate()
        server = site.serve("gunicorn", TAGGING_WORKER="off").wait_until_it_answers()
        run_worker(site)
        post = server.request("POST", DEVLOGS, ENTRY, traceparent=f"00-{TRACE}-{CLIENT_SPAN}-01")

        eventually(lambda: len([span for span in collector.spans if span.trace_id.hex() == TRACE]) == 5, "its spans")

    assert {span.name for span in collector.spans if span.trace_id.hex() == TRACE} == {
        *WAY[:3],
        "chat gpt-x",
        "settle tagging",
    }
    assert (post.status, "traceparent" in model.requests[0].headers) == (201, False)
    assert not [body for body in collector.bodies if b"Zwetschgenknoedel" in body]


def test_a_collector_that_is_away_is_a_line_in_the_log_and_no_dev_log_waits_for_it(tmp_path):
    with Site(
        tmp_path, DEBUG="off", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", OTEL_BSP_SCHEDULE_DELAY="50"
    ) as site:
        site.migrate()
        server = site.serve("gunicorn").wait_until_it_answers()
        server.get("/api/v1/tags/")

        eventually(lambda: "opentelemetry" in server.log(), "a line about it")
        assert server.get("/healthz").status == 200

    told = [json.loads(line) for line in server.log().splitlines() if '"opentelemetry' in line]
    assert len({line["logger"] for line in told}) == len(told)


@pytest.mark.parametrize("name, words", [("none", ""), ("nonsense", "no exporter is installed under this name")])
def test_what_opentelemetrys_own_variable_says_holds(tmp_path, name, words):
    with Site(tmp_path, OTEL_TRACES_EXPORTER=name, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1") as site:
        shown = site.manage("shell", "--no-imports", "-c", "from tagging.engine import traces; print(traces.tracer())")

    assert shown.stdout.strip() == "None"
    assert words in shown.stderr

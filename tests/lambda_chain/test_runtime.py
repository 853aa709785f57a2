"""The handler under AWS's own runtime client, which asks a small Runtime API for its events."""

import json
import os
import queue
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.lambda_chain.environment import python_with_ministack
from tests.support.function import Service, event, record
from tests.support.waiting import eventually
from tests.support.wire import FakeOpenAI

SECONDS = 60.0
# The client is C, and does not survive the lack of any of these.
INVOCATION = {
    "Content-Type": "application/json",
    "Lambda-Runtime-Aws-Request-Id": "1",
    "Lambda-Runtime-Deadline-Ms": "9000000000000",
    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:000000000000:function:tagger",
    "Lambda-Runtime-Trace-Id": "1",
}


class RuntimeAPI:
    """The two addresses of Lambda's Runtime API that a function needs: the next event, and its answer."""

    def __init__(self) -> None:
        self.events: queue.Queue[dict] = queue.Queue()
        self.answers: queue.Queue[tuple[str, dict]] = queue.Queue()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # else each header is a packet, and waits 40 ms for the one before

            def do_GET(self) -> None:
                body = json.dumps(api.events.get()).encode()
                self.answer(200, body, **INVOCATION)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                api.answers.put((self.path.rpartition("/")[2], json.loads(body)))
                self.answer(202, b"{}")

            def answer(self, status: int, body: bytes, **headers: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            def log_message(self, *args) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def invoke(function, tmp_path):
    """Start the runtime client on the built function; return what invokes it."""
    with RuntimeAPI() as api, Service(200) as service, FakeOpenAI() as model:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(function),
            "LAMBDA_TASK_ROOT": str(function),
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_REGION": "eu-central-1",
            "OPENAI_BASE_URL": model.base_url,
            "RESULTS_URL": service.url,
            "RESULTS_TOKEN": "a-token-of-thirty-two-characters",
        }
        command = [python_with_ministack(), "-m", "awslambdaric", "handler.handle"]
        with (tmp_path / "runtime.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=function, env=environment, stdout=log, stderr=log)

        def invoke(*bodies) -> tuple[str, dict]:
            api.events.put(event(*bodies))
            eventually(lambda: not api.answers.empty() or process.poll() is not None, "an answer", SECONDS)
            return api.answers.get_nowait()

        invoke.service = service
        invoke.process = process
        yield invoke
        process.kill()
        process.wait()
        print((tmp_path / "runtime.log").read_text())


def test_the_runtime_client_finds_the_handler_and_passes_its_answer_on(invoke):
    what, answer = invoke(record(1), "no json", record(2))

    assert (what, answer) == ("response", {"batchItemFailures": [{"itemIdentifier": "message-1"}]})
    assert sorted(body["technologies"][0]["name"] for _, _, body in invoke.service.requests) == ["Django", "Django"]


def test_one_process_takes_batch_after_batch(invoke):
    invoke(record(0))
    began = time.monotonic()
    for number in range(1, 21):
        assert invoke(record(number)) == ("response", {"batchItemFailures": []})
    print(f"warm: {1000 * (time.monotonic() - began) / 20:.1f} ms a batch of one")
    assert invoke.process.poll() is None

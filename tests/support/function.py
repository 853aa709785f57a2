"""deploy/lambda from outside: its template expanded, its events, and a service that takes its results."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import pytest

from tests.support.entries import FOUNDING
from tests.support.servers import ROOT

FOLDER = ROOT / "deploy" / "lambda"
REGION = "eu-central-1"


class Service:
    """Answers each result with the same status, and remembers what came."""

    def __init__(self, status: int, **headers: str) -> None:
        self.requests = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.requests.append((self.path, self.headers["Authorization"], body))
                self.send_response(status)
                for header, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(header, value)
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - the standard library's name

            def log_message(self, *args) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/api/v1"

    def __enter__(self):
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception) -> None:
        self._server.shutdown()
        self._server.server_close()


def event(*bodies) -> dict:
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"Records": [{"messageId": f"message-{number}", "body": text} for number, text in enumerate(texts)]}


def record(number: int = 1, entry: str = FOUNDING) -> dict:
    return {"id": number, "entry": entry, "entry_digest": "d", "claim": None, "safety_identifier": "ada"}


def expand(text: str) -> dict:
    pytest.importorskip("samtranslator", reason="needs aws-sam-translator, from requirements/dev.txt")
    from samtranslator.translator.transform import transform
    from samtranslator.yaml_helper import yaml_parse

    template = yaml_parse(text)
    template["Resources"]["Tagger"]["Properties"]["CodeUri"] = {"Bucket": "bucket", "Key": "zip"}
    policies = SimpleNamespace(load=dict)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", REGION)
        return transform(template, {}, policies)

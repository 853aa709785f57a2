"""Extractors that ask a scripted model."""

import os
import socket
import threading
from contextlib import closing, suppress

import httpx2
import openai
import pytest

from tagging.extraction.openai.client import OpenAIExtractor
from tests.support.model import KEY


@pytest.fixture(autouse=True)
def no_way_of_its_own(monkeypatch):
    """Forget the proxies and certificates of the machine that runs the tests."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("SSL")]:
        monkeypatch.delenv(name)


@pytest.fixture
def extractor():
    """Build extractors whose wire is cut at a mock transport, and close them afterwards."""
    built = []

    def build(model, /, **options):
        http_client = openai.DefaultHttpx2Client(transport=httpx2.MockTransport(model))
        built.append(OpenAIExtractor(api_key=KEY, http_client=http_client, **options))
        return built[-1]

    yield build
    for each in built:
        each.close()


@pytest.fixture
def on_socket():
    """Build extractors with the real client, for a server on a loopback socket."""
    built = []

    def build(server, **options):
        built.append(OpenAIExtractor(api_key=KEY, base_url=server.base_url, **options))
        return built[-1]

    yield build
    for each in built:
        each.close()


class SilentListener:
    """Takes connections and says nothing; what it is sent it reads slowly, if at all."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self._ended = threading.Event()
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def read_slowly(self, pause_seconds):
        threading.Thread(target=self._read, args=(pause_seconds,), daemon=True).start()

    def _read(self, pause_seconds):
        with suppress(OSError), self._listener.accept()[0] as connection:
            while connection.recv(1 << 14) and not self._ended.wait(pause_seconds):
                pass

    def close(self):
        self._ended.set()
        self._listener.close()


@pytest.fixture
def silent_listener():
    with closing(SilentListener()) as listener:
        yield listener

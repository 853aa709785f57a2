"""Extractors that ask a scripted model."""

import httpx2
import openai
import pytest

from tagging.extraction.openai.client import OpenAIExtractor
from tests.support.model import KEY


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

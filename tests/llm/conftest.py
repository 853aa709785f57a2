"""These tests need a real model: only where LLM_BASE_URL says where one is (`python -m tests.llm` does)."""

import os
from collections.abc import Callable, Iterator

import pytest

from tagging.extraction.openai.client import OpenAIExtractor

collect_ignore_glob = [] if os.environ.get("LLM_BASE_URL") else ["test_*.py"]

# A small machine that does something else too may take a minute for one answer.
PATIENCE_SECONDS = 300.0
ANSWER_TOKENS = 300


@pytest.fixture(autouse=True)
def real_model(settings):
    """Say in the settings where the model is; all else is as in production."""
    settings.OPENAI_BASE_URL = os.environ["LLM_BASE_URL"]
    settings.OPENAI_API_KEY = os.environ["LLM_API_KEY"]
    settings.OPENAI_MODEL = os.environ["LLM_MODEL"]
    settings.OPENAI_TIMEOUT_SECONDS = PATIENCE_SECONDS
    settings.OPENAI_MAX_COMPLETION_TOKENS = ANSWER_TOKENS
    settings.OPENAI_INPUT_PRICE = settings.OPENAI_OUTPUT_PRICE = 0
    settings.TAGGING_CONCURRENCY = 2


@pytest.fixture
def model(settings) -> Iterator[OpenAIExtractor]:
    extractor = OpenAIExtractor.from_settings(settings)
    yield extractor
    extractor.close()


@pytest.fixture
def model_with(settings) -> Iterator[Callable[..., OpenAIExtractor]]:
    """Return a function that builds the extractor with some parameters different."""
    made = []

    def make(**different) -> OpenAIExtractor:
        usual = {
            "api_key": settings.OPENAI_API_KEY,
            "base_url": settings.OPENAI_BASE_URL,
            "model": settings.OPENAI_MODEL,
            "timeout_seconds": PATIENCE_SECONDS,
            "max_completion_tokens": ANSWER_TOKENS,
        }
        made.append(OpenAIExtractor(**{**usual, **different}))
        return made[-1]

    yield make
    for extractor in made:
        extractor.close()

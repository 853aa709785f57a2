"""Technologies by a chat model: OpenAI, or any server that speaks its chat completions.

A request goes out by `wire`, as `environment` says. What comes back is read in `response` and `answer`, what goes
wrong is sorted in `faults` and `refusals`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tagging.extraction.base import Extraction, ExtractionError, Extractor, SharedExtraction, Technology
from tagging.extraction.load_once import frozen_import
from tagging.extraction.openai import prompt, together
from tagging.extraction.openai.answer import read_answer
from tagging.extraction.openai.environment import DEFAULT_BASE_URL, find_mistake, proxy_for
from tagging.extraction.openai.faults import (
    FormatRefusedError,
    LostAnswerError,
    MisconfiguredError,
    classify,
    unusable_settings,
)
from tagging.extraction.openai.house import House, Taught, taught_in, taught_in_sent
from tagging.extraction.openai.question import RESPONSE_FORMATS, Question, ways
from tagging.extraction.openai.refusals import ANSWER_LIMITS
from tagging.extraction.openai.response import Completion, error_in, read_body
from tagging.extraction.openai.usage import UNBOUNDED_ANSWER_TOKENS, UsedTokens, tokens_in
from tagging.extraction.redaction import redact
from tagging.extraction.withdrawal import may_send_again

if TYPE_CHECKING:
    import httpx2
    import openai

logger = logging.getLogger(__name__)


class OpenAIExtractor(Extractor):
    """Ask a chat model; safe to call from many threads at once.

    timeout_seconds bounds each call as a whole. An `extract` makes one, a second to repair the answer, and two more
    while it finds out which response format the server takes; an `extract_together` repairs nothing.
    Optional parameters that are empty or None are not sent, as some servers answer 400 to those they do not know.
    """

    name = "openai"
    is_paid = shares_calls = True
    prompt_version = prompt.VERSION

    def __init__(
        self,
        *,
        api_key: str = "",
        base_url: str = "",
        model: str = "gpt-6-luna",
        timeout_seconds: float = 60.0,
        response_format: str = "json_schema",
        reasoning_effort: str = "none",
        service_tier: str = "",
        store: bool | None = False,
        send_safety_identifier: bool = True,
        max_completion_tokens: int | None = 4000,
        max_tokens: int | None = None,
        extra_instructions: str = "",
        http_client: httpx2.Client | None = None,
    ) -> None:
        if response_format not in RESPONSE_FORMATS:
            raise ValueError(f"OPENAI_RESPONSE_FORMAT must be one of {', '.join(RESPONSE_FORMATS)}.")
        self.model = model
        self._house = House(extra_instructions.strip())
        self._api_key = api_key
        self._base_url = base_url or DEFAULT_BASE_URL
        self._send_safety_identifier = send_safety_identifier
        self._timeout_seconds = timeout_seconds
        parameters = {
            "model": model,
            "reasoning_effort": reasoning_effort or None,
            "service_tier": service_tier or None,
            "store": store,
            "max_completion_tokens": max_completion_tokens or None,
            "max_tokens": max_tokens or None,
        }
        self._parameters: dict[str, object] = {key: value for key, value in parameters.items() if value is not None}
        self._answer_tokens = max_completion_tokens or max_tokens or UNBOUNDED_ANSWER_TOKENS
        chosen = {**self._parameters, "safety_identifier": ""}
        self._alone, self._together = ways(response_format, chosen, api_key)
        self._http_client = http_client
        self._client: openai.OpenAI | None = None
        self._lock = threading.Lock()

    @classmethod
    def from_settings(cls, settings: Any) -> OpenAIExtractor:
        return cls(
            api_key=settings.OPENAI_API_KEY,
            base_url=settings.OPENAI_BASE_URL,
            model=settings.OPENAI_MODEL,
            timeout_seconds=settings.OPENAI_TIMEOUT_SECONDS,
            response_format=settings.OPENAI_RESPONSE_FORMAT,
            reasoning_effort=settings.OPENAI_REASONING_EFFORT,
            service_tier=settings.OPENAI_SERVICE_TIER,
            store=settings.OPENAI_STORE,
            send_safety_identifier=settings.OPENAI_SAFETY_IDENTIFIER,
            max_completion_tokens=settings.OPENAI_MAX_COMPLETION_TOKENS,
            max_tokens=settings.OPENAI_MAX_TOKENS,
            extra_instructions=settings.OPENAI_EXTRA_INSTRUCTIONS,
        )

    def prompt_version_for(self, entry: str, taught: list[Taught] | None = None) -> int:
        return self._house.version(prompt.VERSION, taught_in_sent(entry) if taught is None else taught)

    def extract(self, entry: str, *, safety_identifier: str = "", taught: list[Taught] | None = None) -> Extraction:
        """taught: the house's names that stand in the entry; None where the lexicon knows them itself."""
        redacted = redact(entry)
        taught = taught_in_sent(entry) if taught is None else taught
        messages = prompt.messages(redacted.text, self._house.text(taught))
        author = self._author(safety_identifier)
        question = Question(self._alone, messages, prompt.SCHEMA, self._answer_tokens, author)
        usage = UsedTokens()
        with usage.told_by_errors(redacted.counts):
            technologies = self._answer(question, usage)
        version = self._house.version(prompt.VERSION, taught)
        paid = usage.input_tokens, usage.output_tokens
        return Extraction(technologies, *paid, redacted.counts, prompt_version=version)

    def extract_together(self, entries: Sequence[str], *, safety_identifier: str = "") -> SharedExtraction:
        redacted = [redact(entry) for entry in entries]
        texts = [each.text for each in redacted]
        count, limits = len(entries), {name: self._parameters.get(name) for name in ANSWER_LIMITS}
        scaled = {n: together.answer_tokens(limit, count) for n, limit in limits.items() if isinstance(limit, int)}
        question = Question(
            self._together,
            together.messages(texts, self._house.text(taught_in(*texts))),
            together.schema(count),
            together.answer_tokens(self._answer_tokens, count),
            self._author(safety_identifier) | scaled,
        )
        usage = UsedTokens()
        with usage.told_by_errors():
            answers = together.read_answers(self._ask(question, usage), count)
        return SharedExtraction(answers, usage.input_tokens, usage.output_tokens, [each.counts for each in redacted])

    def _author(self, safety_identifier: str) -> dict[str, object]:
        return {"safety_identifier": safety_identifier} if safety_identifier and self._send_safety_identifier else {}

    def _answer(self, question: Question, usage: UsedTokens) -> list[Technology]:
        """Ask, and once more for a repair where the answer is of no use; add up in `usage` what was paid."""
        completion = self._ask(question, usage)
        try:
            return read_answer(completion)
        except ExtractionError:
            if not may_send_again():
                raise
            repair = prompt.repair_messages(question.messages, completion.text or completion.refusal)
            return read_answer(self._ask(replace(question, messages=repair), usage))

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _ask(self, question: Question, usage: UsedTokens) -> Completion:
        """Call with the strictest response format the server takes, and remember which that is."""
        way = question.way
        formats = way.formats
        while True:
            try:
                completion = self._call(question, formats[0], usage)
                break
            except FormatRefusedError:
                if len(formats) == 1 or not may_send_again():
                    raise
                formats = formats[1:]
        # Only now: the complaint may have been another one, that quotes an entry about response formats.
        if len(formats) < len(way.formats):
            logger.warning("The model's server refuses the response format; using %s.", formats[0])
            way.formats = formats
        return completion

    def _call(self, question: Question, response_format: str, usage: UsedTokens) -> Completion:
        """Make one call, and add up what it cost, or may have cost."""
        sent = tokens_in(question.characters)
        try:
            response = self._send(question, response_format)
            completion = Completion.read(response.content)
        except LostAnswerError:
            usage.add(None, input_estimate=sent, output_estimate=question.answer_tokens)
            raise
        if completion.error:
            usage.add(completion.usage)
            raise question.way.refusals.sort(response, completion.error)
        usage.add(completion.usage, input_estimate=sent, output_estimate=tokens_in(completion.characters))
        return completion

    def _send(self, question: Question, response_format: str) -> httpx2.Response:
        """Return the response to a request; a failure of any kind becomes an ExtractionError."""
        client = self._connected()
        import httpx2  # slow import
        import openai  # slow import

        try:
            # Past the SDK's typed methods, which walk through all parameters: half the CPU of a call.
            return client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                body={**self._parameters, **question.body(response_format)},
            )
        except openai.APIStatusError as error:
            failure = question.way.refusals.sort(error.response, error_in(error.response.content))
        except Exception as error:
            failure = classify(error)
        # Outside of the handlers: a chained traceback in a log would show the provider's message.
        raise failure

    def _connected(self) -> openai.OpenAI:
        """Return the one client of this process, built by the first call that finds all settings usable."""
        with self._lock:
            if self._client is None:
                if mistake := find_mistake(self._api_key, self._base_url):
                    raise MisconfiguredError(mistake)
                try:
                    self._client = self._built()
                except Exception as error:
                    raise unusable_settings(error) from None
            return self._client

    def _built(self) -> openai.OpenAI:
        with frozen_import():  # about a second
            import httpx2  # slow import
            import openai  # slow import

            from tagging.extraction.openai.wire import Transport  # slow import

        http_client = self._http_client or httpx2.Client(
            transport=Transport(seconds=self._timeout_seconds, proxy=proxy_for(self._base_url)),
            follow_redirects=False,  # to a host that is not configured
        )
        http_client.event_hooks["response"].append(read_body)
        return openai.OpenAI(
            api_key=self._api_key or "unset",  # a local server needs none, the SDK does
            base_url=self._base_url,
            timeout=None,  # the transport's
            max_retries=0,  # retries belong to the job row
            default_headers={"accept-encoding": "identity"},
            http_client=http_client,
        )

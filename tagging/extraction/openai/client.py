"""Technologies by a chat model: OpenAI, or any server that speaks its chat completions.

What comes back is read in `response`, what goes wrong is sorted in `faults`.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from tagging.extraction.base import Extraction, ExtractionError, Extractor, Technology
from tagging.extraction.load_once import frozen_import
from tagging.extraction.openai import prompt
from tagging.extraction.openai.faults import FormatRefusedError, classify
from tagging.extraction.openai.response import Completion, UsedTokens, read_answer, read_body
from tagging.extraction.redaction import redact

if TYPE_CHECKING:
    import httpx2
    import openai

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0

# From the strictest to what every server takes; the prompt alone asks for the shape in the last one.
RESPONSE_FORMATS: dict[str, dict[str, object] | None] = {
    "json_schema": {
        "type": "json_schema",
        "json_schema": {"name": "technologies", "strict": True, "schema": prompt.SCHEMA},
    },
    "json_object": {"type": "json_object"},
    "text": None,
}


class OpenAIExtractor(Extractor):
    """Ask a chat model; safe to call from many threads at once.

    timeout_seconds bounds every wait of a call; a body that is still coming in after it is cut off. An `extract` makes
    one call, a second to repair the answer, and two more while it finds out which response format the server takes.
    Optional parameters that are empty or None are not sent, as some servers answer 400 to those they do not know.
    """

    name = "openai"
    is_paid = True
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
        http_client: httpx2.Client | None = None,
    ) -> None:
        if response_format not in RESPONSE_FORMATS:
            raise ValueError(f"OPENAI_RESPONSE_FORMAT must be one of {', '.join(RESPONSE_FORMATS)}.")
        self.model = model
        self._api_key = api_key
        self._base_url = base_url
        self._send_safety_identifier = send_safety_identifier
        self._timeout_seconds = timeout_seconds
        self._formats = list(RESPONSE_FORMATS)[list(RESPONSE_FORMATS).index(response_format) :]
        parameters = {
            "model": model,
            "reasoning_effort": reasoning_effort or None,
            "service_tier": service_tier or None,
            "store": store,
            "max_completion_tokens": max_completion_tokens or None,
            "max_tokens": max_tokens or None,
        }
        self._parameters: dict[str, object] = {key: value for key, value in parameters.items() if value is not None}
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
        )

    def extract(self, entry: str, *, safety_identifier: str = "") -> Extraction:
        redacted = redact(entry)
        author = {"safety_identifier": safety_identifier} if safety_identifier and self._send_safety_identifier else {}
        usage = UsedTokens()
        try:
            answer = self._answer(redacted.text, author, usage)
        except ExtractionError as error:
            error.input_tokens, error.output_tokens = usage.prompt_tokens, usage.completion_tokens
            error.redacted = redacted.counts
            raise
        return Extraction(
            technologies=[Technology(item.name, item.evidence) for item in answer.technologies],
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            redacted=redacted.counts,
        )

    def _answer(self, entry: str, author: dict[str, str], usage: UsedTokens) -> prompt.Answer:
        """Ask, and once more for a repair where the answer is of no use; add up in `usage` what was paid."""
        completion = self._ask(prompt.messages(entry), author, usage)
        try:
            return read_answer(completion)
        except ExtractionError:
            unusable = completion.choices[0].message
            repair = prompt.repair_messages(entry, unusable.content or unusable.refusal or "")
            return read_answer(self._ask(repair, author, usage))

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _ask(self, messages: list[dict[str, str]], author: dict[str, str], usage: UsedTokens) -> Completion:
        """Call with the strictest response format the server takes, and remember which that is."""
        formats = self._formats
        while True:
            try:
                completion = self._call({"messages": messages, **author}, formats[0])
                break
            except FormatRefusedError:
                if len(formats) == 1:
                    raise
                formats = formats[1:]
        # Only now: the complaint may have been another one, that quotes an entry about response formats.
        if len(formats) < len(self._formats):
            logger.warning("The model's server refuses the response format; using %s.", formats[0])
            self._formats = formats
        if completion.usage:
            usage.prompt_tokens += completion.usage.prompt_tokens
            usage.completion_tokens += completion.usage.completion_tokens
        return completion

    def _call(self, request: dict[str, object], response_format: str) -> Completion:
        shape = RESPONSE_FORMATS[response_format]
        body = {**self._parameters, **request, **({"response_format": shape} if shape else {})}
        try:
            # As extra_body the request skips the SDK's walk through its typed parameters: half the CPU of a call.
            response = self._connected().chat.completions.with_raw_response.create(
                model=self.model, messages=[], extra_body=body
            )
            return Completion.model_validate_json(response.content)
        except Exception as error:
            # None: a chained traceback in a log would show the provider's message, or the answer.
            raise classify(error, {**self._parameters, "safety_identifier": ""}, self._api_key) from None

    def _connected(self) -> openai.OpenAI:
        """Return the one client of this process, built by the first call."""
        with self._lock:
            if self._client is None:
                with frozen_import():  # about a second
                    import httpx2  # slow import
                    import openai  # slow import

                # A redirect would carry the entry to a host that is not configured.
                http_client = self._http_client or openai.DefaultHttpx2Client(follow_redirects=False)
                http_client.event_hooks["request"].append(self._set_deadline)
                http_client.event_hooks["response"].append(read_body)
                self._client = openai.OpenAI(
                    api_key=self._api_key or "unset",  # a local server needs none, the SDK does
                    base_url=self._base_url or None,
                    timeout=httpx2.Timeout(self._timeout_seconds, connect=CONNECT_SECONDS),
                    max_retries=0,  # retries belong to the job row
                    default_headers={"accept-encoding": "identity"},
                    http_client=http_client,
                )
            return self._client

    def _set_deadline(self, request: httpx2.Request) -> None:
        request.extensions["deadline"] = time.monotonic() + self._timeout_seconds

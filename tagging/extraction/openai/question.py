"""One request to the model before it is sent, and what is remembered of those of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tagging.extraction.openai.refusals import ANSWER_LIMITS, Refusals

# From the strictest to what every server takes; the prompt alone asks for the shape in the last one.
RESPONSE_FORMATS = ("json_schema", "json_object", "text")


@dataclass(slots=True)
class Way:
    """Asking for one entry, or for several: what a refusal means there, and which formats the server may take."""

    formats: list[str]
    refusals: Refusals


def ways(response_format: str, parameters: Mapping[str, object], api_key: str) -> tuple[Way, Way]:
    """Return the way to ask for one entry and that to ask for several, both from this response format on."""
    formats = RESPONSE_FORMATS[RESPONSE_FORMATS.index(response_format) :]
    # A shared request has its own limit of the answer: a model that refuses that may take what one entry has.
    shared = {name: value for name, value in parameters.items() if name not in ANSWER_LIMITS}
    alone, together = (Way(list(formats), Refusals(chosen, api_key)) for chosen in (parameters, shared))
    return alone, together


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of which shape the answer must be, and how many tokens it may take.

    parameters: what the request has beside those that every one has, or in their place.
    """

    way: Way
    messages: list[dict[str, str]]
    schema: Mapping[str, object]
    answer_tokens: int
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def characters(self) -> int:
        return sum(len(message["content"]) for message in self.messages)

    def body(self, response_format: str) -> dict[str, object]:
        """Return the body of the request, in this format."""
        named = {"name": "technologies", "strict": True, "schema": self.schema}
        shapes: dict[str, dict[str, object]] = {
            "json_schema": {"response_format": {"type": "json_schema", "json_schema": named}},
            "json_object": {"response_format": {"type": "json_object"}},
        }
        return {"messages": self.messages, **self.parameters, **shapes.get(response_format, {})}

"""The result of one record: what a function elsewhere posts, and what the service takes."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from tagging.extraction.base import (
    MAX_NAMES,
    MAX_RETRY_AFTER_SECONDS,
    ErrorCode,
    Extraction,
    ExtractionError,
    Extractor,
    Technology,
    WaitingFor,
)

# A longer name or evidence never becomes a tag's; sent whole it could make the body too large.
MAX_TEXT = 200
# So many are sent, for the same reason; more are taken.
MAX_SENT = 200

# A database stores no NUL.
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00]*$")]
Tokens = Annotated[int, Field(ge=0, le=10**9)]


def _allow_null(schema: dict[str, Any]) -> None:
    """Say that a field may be null as OpenAPI 3.0 says it."""
    for field in schema["properties"].values():
        if "anyOf" in field:
            field |= {**field.pop("anyOf")[0], "nullable": True}


def _plain(text: str) -> str:
    """Return the text without what the service would refuse, so that one odd character does not cost a paid answer."""
    return "".join(char if char.isprintable() else " " for char in text[:MAX_TEXT]).rstrip()


def _as_reason(value: str) -> WaitingFor:
    # A function of its own: pydantic cannot call an enum of Python 3.12 and newer by its signature.
    return WaitingFor(value)


class _Part(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra=_allow_null)


class Usage(_Part):
    """What the answer, or the attempt at it, cost."""

    input_tokens: Tokens = 0
    output_tokens: Tokens = 0


class Failure(_Part):
    """Why there is no answer, and what to do about it: give up, wait, or try again."""

    code: ErrorCode
    detail: Line = Field(max_length=500)
    permanent: bool = False
    waiting_for: Annotated[Literal["rate_limit", "provider"], AfterValidator(_as_reason)] | None = None
    retry_after: float | None = Field(default=None, ge=0, le=MAX_RETRY_AFTER_SECONDS)


class Result(_Part):
    """What was found in one record, or what went wrong; the digest and the claim are the record's own."""

    entry_digest: Line = Field(max_length=64)
    claim: UUID | None = None
    technologies: list[Technology] | None = Field(default=None, max_length=MAX_NAMES)
    error: Failure | None = None
    extractor: Line = Field(max_length=50)
    model: Line = Field(max_length=100)
    prompt_version: int | None = Field(default=None, ge=0, le=2_147_483_647)
    usage: Usage = Usage()

    @model_validator(mode="after")
    def _has_one_outcome(self) -> Self:
        if (self.technologies is None) == (self.error is None):
            raise PydanticCustomError("outcome", "A result has either technologies or an error.")
        return self

    @classmethod
    def of(
        cls,
        outcome: Extraction | ExtractionError,
        extractor: Extractor,
        *,
        entry_digest: str,
        claim: UUID | None,
        prompt_version: int | None,
    ) -> Self:
        """Return the result that this extractor's answer, or its error, is for one record."""
        found = outcome.technologies[:MAX_SENT] if isinstance(outcome, Extraction) else None
        error = outcome if isinstance(outcome, ExtractionError) else None
        return cls(
            entry_digest=entry_digest,
            claim=claim,
            technologies=found and [Technology(_plain(each.name), _plain(each.evidence)) for each in found],
            error=Failure(**vars(error) | {"detail": _plain(error.detail) or error.code.value}) if error else None,
            extractor=extractor.name,
            model=extractor.model,
            prompt_version=prompt_version,
            usage=Usage.model_validate(outcome),
        )

    @cached_property
    def outcome(self) -> Extraction | ExtractionError:
        """Return the answer, or the error, as the extractor gave it."""
        if self.error is None:
            return Extraction(self.technologies or [], **dict(self.usage))
        error = ExtractionError(**dict(self.error))
        error.input_tokens, error.output_tokens = self.usage.input_tokens, self.usage.output_tokens
        return error

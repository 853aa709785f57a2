"""What is told of an error: to staff all that is known of it, to an author what it means for their dev-log.

An author has no use for the operator's key, address, hosts or budget, nor for the words of a model's server.
"""

from __future__ import annotations

from rest_framework.request import Request

from devlog_project.api.access import sees_all
from tagging.extraction.base import ErrorCode

PROVIDER = "The provider of the model is the trouble, not your entry"
FOR_AUTHORS = {
    ErrorCode.RATE_LIMITED: f"{PROVIDER}: it takes no more calls for now. It is asked again later.",
    ErrorCode.PROVIDER_REFUSED: f"{PROVIDER}: it refuses this service. The operator has to mend that.",
    ErrorCode.MISCONFIGURED: "This service is not set up as it must be; your entry is not the trouble.",
    ErrorCode.TIMEOUT: f"{PROVIDER}: it did not answer in time.",
    ErrorCode.UNREACHABLE: f"{PROVIDER}: it could not be reached.",
    ErrorCode.SERVER_ERROR: f"{PROVIDER}: it failed.",
    ErrorCode.BAD_REQUEST: "The provider of the model refused this request.",
    ErrorCode.BAD_ANSWER: "The model gave no answer that could be read.",
    ErrorCode.ANSWER_CUT_OFF: "The model's answer was too long and was cut off.",
    ErrorCode.REFUSED: "The model declined to answer for this entry.",
    ErrorCode.ENTRY_TOO_LONG: "The entry is too long for the model.",
    ErrorCode.WORKER_LOST: "The process that worked on this entry ended before it had an answer.",
    ErrorCode.CANCELLED: "Cancelled by a person.",
    ErrorCode.INTERNAL: "Something went wrong inside this service.",
}


def error_told(code: str, detail: str, request: Request | None) -> dict[str, str] | None:
    """Return an error as it is told to who asks; None for no code. Where nobody is known to ask, as to an author."""
    if not code:
        return None
    return {"code": code, "detail": detail if request and sees_all(request) else for_authors(code)}


def for_authors(code: str) -> str:
    known = {each.value: sentence for each, sentence in FOR_AUTHORS.items()}
    return known.get(code, FOR_AUTHORS[ErrorCode.INTERNAL])

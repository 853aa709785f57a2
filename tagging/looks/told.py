"""What went wrong with a dev-log's tagging, in words for its author.

An author has no use for the operator's key, address, hosts or budget, nor for the words of a model's server.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tagging.extraction.base import ErrorCode

FOR_AUTHORS: dict[ErrorCode, Promise] = {
    ErrorCode.RATE_LIMITED: _(
        "The provider of the model is the trouble, not your entry: it takes no more calls for now. "
        "It is asked again later."
    ),
    ErrorCode.PROVIDER_REFUSED: _(
        "The provider of the model is the trouble, not your entry: it refuses this service. "
        "The operator has to mend that."
    ),
    ErrorCode.MISCONFIGURED: _("This service is not set up as it must be; your entry is not the trouble."),
    ErrorCode.TIMEOUT: _("The provider of the model is the trouble, not your entry: it did not answer in time."),
    ErrorCode.UNREACHABLE: _("The provider of the model is the trouble, not your entry: it could not be reached."),
    ErrorCode.SERVER_ERROR: _("The provider of the model is the trouble, not your entry: it failed."),
    ErrorCode.BAD_REQUEST: _("The provider of the model refused this request."),
    ErrorCode.BAD_ANSWER: _("The model gave no answer that could be read."),
    ErrorCode.ANSWER_CUT_OFF: _("The model's answer was too long and was cut off."),
    ErrorCode.REFUSED: _("The model declined to answer for this entry."),
    ErrorCode.ENTRY_TOO_LONG: _("The entry is too long for the model."),
    ErrorCode.WORKER_LOST: _("The process that worked on this entry ended before it had an answer."),
    ErrorCode.CANCELLED: _("Cancelled by a person."),
    ErrorCode.INTERNAL: _("Something went wrong inside this service."),
}
OPERATORS = _("The operator has to mend that; tag it again then. The tags may be set by hand meanwhile.")
# What its author can do about a dev-log that failed, where that is more than to try again.
WAYS_OUT: dict[ErrorCode, Promise] = {
    ErrorCode.PROVIDER_REFUSED: OPERATORS,
    ErrorCode.MISCONFIGURED: OPERATORS,
    ErrorCode.ENTRY_TOO_LONG: _("Shorten it or write it in two parts, or set its tags by hand."),
    ErrorCode.REFUSED: _("Write it in other words, or set its tags by hand."),
    ErrorCode.CANCELLED: _("Tag it again if you want its tags."),
}


def for_authors(code: str) -> str:
    """Say what went wrong."""
    known = code if code in list(ErrorCode) else ErrorCode.INTERNAL
    return str(FOR_AUTHORS[ErrorCode(known)])


def way_out(code: str) -> str:
    """Say what its author can do about a dev-log that failed so."""
    known = WAYS_OUT.get(ErrorCode(code)) if code in list(ErrorCode) else None
    return str(known or _("Tag it again, or set its tags by hand."))

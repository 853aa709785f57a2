"""What an error means, in a sentence, and what its reader can do then: for every code there is.

What is meant is said as to authors, where these are told as much.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tagging.extraction.base import ErrorCode
from tagging.looks.told import FOR_AUTHORS
from tagging.models import Job


class Advice(NamedTuple):
    """What happened, and what to do."""

    meaning: Promise
    way_out: Promise
    # Where it goes on by itself until it has failed.
    once_failed: Promise | None = None

    def for_state(self, state: str) -> Promise:
        """Return what to do about a job in this state."""
        if state == Job.State.DONE:
            return NOTHING
        return self.once_failed or self.way_out if state == Job.State.FAILED else self.way_out


NOTHING = _("Nothing: a later attempt found its tags.")


ADVICE = {
    ErrorCode.RATE_LIMITED: Advice(
        _("The provider takes no more calls for now."),
        _("Nothing: it is asked again by itself. If it happens often, lower TAGGING_CONCURRENCY or ask for more."),
        _("Retry it. If it happens often, lower TAGGING_CONCURRENCY or ask the provider for more."),
    ),
    ErrorCode.PROVIDER_REFUSED: Advice(
        _("The provider refuses this service: the key, the credit, the model or the address is wrong."),
        _("Mend what the detail names, in the settings or at the provider. The queue goes on by itself then."),
        _("Mend what the detail names, in the settings or at the provider, and retry it."),
    ),
    ErrorCode.MISCONFIGURED: Advice(
        _("A setting of this service is wrong, so nothing could be sent."),
        _("Mend the setting that the detail names, and restart."),
        _("Mend the setting that the detail names, restart, and retry it."),
    ),
    ErrorCode.TIMEOUT: Advice(
        _("The provider did not answer in time."),
        _("Nothing: it is asked again by itself."),
        _("Retry it when the provider is quick again."),
    ),
    ErrorCode.UNREACHABLE: Advice(
        _("The provider could not be reached."),
        _("Look at the network and at OPENAI_BASE_URL. The queue goes on by itself once it is reached."),
        _("Look at the network and at OPENAI_BASE_URL; retry it once the provider is reached."),
    ),
    ErrorCode.SERVER_ERROR: Advice(
        _("The provider failed."),
        _("Nothing: it is asked again by itself."),
        _("Retry it when the provider works again."),
    ),
    ErrorCode.BAD_REQUEST: Advice(
        _("The provider refused this request as it is, and answered others meanwhile."),
        _("Read the detail; shorten or reword the entry, which tags it again."),
    ),
    ErrorCode.BAD_ANSWER: Advice(
        FOR_AUTHORS[ErrorCode.BAD_ANSWER],
        _("Nothing: it is asked again by itself. If it happens often, choose a model that keeps to a JSON schema."),
        _("Retry it. If it happens often, this model cannot keep to a JSON schema: choose another."),
    ),
    ErrorCode.ANSWER_CUT_OFF: Advice(
        FOR_AUTHORS[ErrorCode.ANSWER_CUT_OFF],
        _("Raise OPENAI_MAX_COMPLETION_TOKENS, or split the entry."),
    ),
    ErrorCode.REFUSED: Advice(
        FOR_AUTHORS[ErrorCode.REFUSED],
        _("Reword the entry, or set its tags by hand."),
    ),
    ErrorCode.ENTRY_TOO_LONG: Advice(
        FOR_AUTHORS[ErrorCode.ENTRY_TOO_LONG],
        _("Split the entry, or choose a model that takes more."),
    ),
    ErrorCode.WORKER_LOST: Advice(
        FOR_AUTHORS[ErrorCode.WORKER_LOST],
        _("Nothing, if it happened once. If again and again, look in its log for what ends it, such as its memory."),
        _("Look in its log for what ends it, such as its memory; then retry."),
    ),
    ErrorCode.CANCELLED: Advice(
        FOR_AUTHORS[ErrorCode.CANCELLED],
        _("Tag it again if its tags are wanted after all."),
    ),
    ErrorCode.INTERNAL: Advice(
        _("Something went wrong inside this service: a bug."),
        _("Look in the worker's log for its traceback and report it; then retry."),
    ),
}


def advice_for(code: str) -> Advice:
    """Return what to say of a code; of one that is not known, as of a bug."""
    return ADVICE[ErrorCode(code) if code in list(ErrorCode) else ErrorCode.INTERNAL]

"""What a provider may answer instead of technologies, and the end of the pause that follows."""

from datetime import timedelta

from django.db.models.functions import Now

from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Job, ProviderState

OUTAGE = ExtractionError(ErrorCode.SERVER_ERROR, "The model's server answered 503.")
REFUSED = ExtractionError(ErrorCode.PROVIDER_REFUSED, "The key was refused.", waiting_for=WaitingFor.PROVIDER)
TOO_FAST = ExtractionError(ErrorCode.RATE_LIMITED, "Too many requests.", waiting_for=WaitingFor.RATE_LIMIT)
TOO_FAST_FOR_A_MINUTE = ExtractionError(
    ErrorCode.RATE_LIMITED, "Too many requests.", waiting_for=WaitingFor.RATE_LIMIT, retry_after=60
)


def let_the_pause_pass():
    ProviderState.objects.update(resume_at=Now() - timedelta(seconds=1))
    Job.objects.filter(state="pending").update(run_after=Now())

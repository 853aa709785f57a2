"""The refusal of what is one too many: an author has as many dev-logs waiting as one may have."""

from rest_framework.exceptions import Throttled

from devlog_project.api.schema import problems
from devlogs.models import DevLog
from tagging import queues

RETRY_AFTER_SECONDS = 60
TOO_MANY = problems(
    {
        429: f"The author has {queues.MOST_PENDING:,} dev-logs waiting for their tags, or "
        f"{queues.MOST_PENDING_IN_BULK:,} sent in bulk, which are counted apart. Nothing was changed; "
        "`Retry-After` says when to try again."
    }
)


def refuse_too_many(author_id: int | None, *, is_bulk: bool = False, count: int = 1) -> None:
    """Answer 429 where this author may not ask for more tags now."""
    try:
        queues.refuse_too_many(author_id, is_bulk=is_bulk, count=count)
    except queues.TooManyPendingError as error:
        detail = f"You have {error.most:,} dev-logs waiting for their tags. Nothing was changed; try again when some "
        detail += "are done." if is_bulk else "are done. What you import may be sent with ?bulk=true."
        raise Throttled(RETRY_AFTER_SECONDS, detail) from error


def refuse_one_more(devlog: DevLog) -> None:
    """Answer 429 where a change of this dev-log asks for more tags than its author may ask for now."""
    job = getattr(devlog, "job", None)
    if job is None or job.is_final:  # else it waits already, and may be mended
        refuse_too_many(devlog.author_id)

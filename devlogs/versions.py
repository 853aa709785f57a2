"""What version of a dev-log, or of a page of them, a client has: ETags, found without building what is shown.

A dev-log's is strong, `"<edit>-<rest>"`: the first part changes with what an author writes, the second with all else
that is shown. A page's is weak: its values are the same, whatever their bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from devlog_project.api.access import author_of
from devlogs.serializers import DEVLOG
from tagging.api.serializers import DEVLOG_TAG, TAGGING
from tagging.models.shown_pause import shown_pause

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.serializers import Serializer

    from devlogs.models import DevLog
    from tagging.models import DevLogTag, Job


def sources(serializer: Serializer[Any], *but: str) -> list[str]:
    return [str(field.source) for name, field in serializer.fields.items() if name not in but]


# What an author writes, and what else is shown of a dev-log, of its job and of its tags: as their serializers name it.
WRITTEN = [str(field.source) for field in DEVLOG.fields.values() if not field.read_only]
OF_DEVLOG = sources(DEVLOG, "author", "tagging", "tags")
OF_JOB = [*sources(TAGGING, "waiting_for", "run_after", "error", "names_dropped"), "error_code", "error_detail"]
OF_TAG = sources(DEVLOG_TAG)
NAMES = [OF_DEVLOG, OF_JOB, OF_TAG]  # so that another release's are other versions
written, of_devlog, of_job, of_tag = (attrgetter(*names) for names in (WRITTEN, *NAMES))


def etag_of(devlog: DevLog, request: Request) -> str:
    """Return that of a dev-log that came with its job and `shown_tags`, for who asks."""
    return f'"{edit_version(written(devlog))}-{digest([NAMES, asker(request), values_of(devlog)], 12)}"'


def etag_of_page(devlogs: Sequence[DevLog], request: Request, *more: object) -> str:
    """Return that of a list; `more` is what else is shown with it, or decides on it."""
    shown = [NAMES, asker(request), request.build_absolute_uri(), more, [values_of(devlog) for devlog in devlogs]]
    return f'W/"{digest(shown, 16)}"'


def edit_version(values: Sequence[object]) -> str:
    """Return the first part of the ETag of a dev-log in which an author has written this."""
    return digest([WRITTEN, values], 8)


def edit_version_in(etag: str) -> str:
    """Return the first part of an ETag, also where a proxy has made it weak."""
    return etag.removeprefix("W/").strip('"').partition("-")[0]


def values_of(devlog: DevLog) -> list[object]:
    """Return all that decides what is shown of a dev-log."""
    job: Job | None = getattr(devlog, "job", None)
    tags: list[DevLogTag] = devlog.shown_tags  # type: ignore[attr-defined]
    author = devlog.author and devlog.author.username
    return [of_devlog(devlog), author, job and job_values(devlog, job), [of_tag(tag) for tag in tags]]


def job_values(devlog: DevLog, job: Job) -> list[object]:
    dropped = getattr(devlog, "names_dropped", None) if job.state == job.State.DONE else None
    return [of_job(job), dropped, job.waits_for(shown_pause), job.due_at(shown_pause)]


def asker(request: Request) -> list[object]:
    """Return what of who asks decides on what is shown: staff are told more."""
    user = author_of(request)
    return [user and user.pk, user and user.is_staff]


def digest(values: object, size: int) -> str:
    return blake2b(json.dumps(values, default=str).encode(), digest_size=size).hexdigest()

"""An author, and dev-logs of theirs as they were tagged on a day: fixtures for those conftests that name them."""

from datetime import UTC, datetime

import pytest

from devlogs.models import DevLog
from tagging.models import Job


@pytest.fixture
def author(db, django_user_model):
    return django_user_model.objects.create(username="anna")


@pytest.fixture
def on(make_tagged, author):
    """Save a dev-log of the author, tagged with these names, as if it had been written on this day."""

    def make(day: str, *names: str, **fields) -> DevLog:
        devlog = make_tagged(*names, **{"author": author, **fields})
        DevLog.objects.filter(pk=devlog.pk).update(created_at=datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC))
        return devlog

    return make


@pytest.fixture
def untagged(make_devlog, author):
    """Save a dev-log of the author whose job is in this state."""

    def make(day: str, state: str) -> DevLog:
        devlog = make_devlog(author=author)
        if state == Job.State.FAILED:
            Job.objects.filter(pk=devlog.pk).update(state=state, run_after=None)
        DevLog.objects.filter(pk=devlog.pk).update(created_at=datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC))
        return devlog

    return make

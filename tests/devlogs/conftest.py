import pytest

from tests.devlogs.admin_pages import Answer


@pytest.fixture
def make_tagged(make_devlog, run_jobs):
    """Save a dev-log and have it tagged with these names."""

    def make(*names, **fields):
        devlog = make_devlog("Wrote " + " and ".join(names), **fields)
        run_jobs(Answer(*names))
        return devlog

    return make

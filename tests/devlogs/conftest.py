import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken

from tests.devlogs.admin_pages import Answer


@pytest.fixture
def make_tagged(make_devlog, run_jobs):
    """Save a dev-log and have it tagged with these names."""

    def make(*names, **fields):
        devlog = make_devlog("Wrote " + " and ".join(names), **fields)
        run_jobs(Answer(*names))
        return devlog

    return make


@pytest.fixture
def ada():
    return User.objects.create_user("ada", password="lovelace")


@pytest.fixture
def token(ada):
    return AuthToken.objects.create(ada)[1]


@pytest.fixture
def grace():
    return User.objects.create_user("grace", password="hopper-1906")

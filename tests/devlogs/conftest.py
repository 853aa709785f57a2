import pytest
from django.contrib.auth.models import Permission, User
from knox.models import AuthToken

from tests.devlogs.admin_pages import REFUSED, Answer


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


@pytest.fixture
def failed(make_devlog, run_jobs):
    """A dev-log for which the model declined to answer."""
    devlog = make_devlog("Fails.")
    run_jobs(REFUSED)
    return devlog


@pytest.fixture
def staff(client):
    """Return a function that gives these permissions, and no others, to a member of the staff who is logged in."""
    user = User.objects.create_user("grace", is_staff=True)
    client.force_login(user)

    def may(*codenames):
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return client

    return may

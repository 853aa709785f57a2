import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken

from devlog_project.ops import logs
from tests.support.agents import NEW, OLD, Agent


@pytest.fixture(autouse=True)
def closed(settings):
    """As in production: without a token one gets nothing."""
    settings.API_OPEN = False


def holder(user, **more):
    return Agent(AuthToken.objects.create(user)[1], **more)


@pytest.fixture
def logged(caplog):
    """Return a function that gives all that the console shows, of the library's lines and our own."""
    console = logs.ConsoleHandler()
    console.setFormatter(logs.Json())
    return lambda: "\n".join(map(console.format, caplog.records))


@pytest.fixture
def ada(db):
    return User.objects.create_user("ada")


@pytest.fixture
def agent(ada):
    """An agent of ada's."""
    return holder(ada)


@pytest.fixture
def stranger(db):
    """An agent of somebody else."""
    return holder(User.objects.create_user("eve"))


@pytest.fixture
def staff(db):
    """An agent of a member of the staff."""
    return holder(User.objects.create_user("grace", is_staff=True))


@pytest.fixture(params=[NEW, OLD])
def each(request, ada):
    """An agent of ada's, in each revision."""
    return holder(ada, revision=request.param)

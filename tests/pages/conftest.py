import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.support.authored import author as author
from tests.support.authored import on as on
from tests.support.authored import untagged as untagged


@pytest.fixture(autouse=True)
def closed(settings):
    """The pages as in production: nobody opens them without a login."""
    settings.API_OPEN = False


@pytest.fixture
def ada(db):
    return User.objects.create_user("ada", password="lovelace")


@pytest.fixture
def grace(db):
    return User.objects.create_user("grace", password="hopper-1906")


@pytest.fixture
def page(ada):
    """A browser in which ada is logged in."""
    client = Client()
    client.force_login(ada)
    return client

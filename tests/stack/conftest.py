"""What the tests of the stack share: an author, and dev-logs of theirs as they were tagged on a day."""

import pytest

from tests.support.authored import author as author
from tests.support.authored import on as on
from tests.support.authored import untagged as untagged


@pytest.fixture
def as_author(api, author, settings):
    """Ask as this author, where the API is closed."""
    settings.API_OPEN = False
    api.force_authenticate(author)
    return api

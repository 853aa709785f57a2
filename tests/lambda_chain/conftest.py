"""These tests run only when asked for: TEST_MINISTACK=1. They start servers, and take minutes."""

import importlib.util
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.site import Site, migrated_database

MISSING = [name for name in ("boto3", "samtranslator") if not importlib.util.find_spec(name)]
if not os.environ.get("TEST_MINISTACK"):
    REASON = "set TEST_MINISTACK=1 for the whole chain on MiniStack"
elif MISSING:
    REASON = f"TEST_MINISTACK is set, but {' and '.join(MISSING)} are not installed"
else:
    REASON = ""


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if REASON and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=REASON))


@pytest.fixture(scope="session")
def database(tmp_path_factory) -> Path:
    return migrated_database(tmp_path_factory.getbasetemp() / "template")


@pytest.fixture(scope="session")
def function(tmp_path_factory) -> Path:
    """The built function, as a folder."""
    from tests.lambda_chain.stack import built_function

    return built_function(tmp_path_factory.getbasetemp())


@pytest.fixture
def aws(tmp_path):
    from tests.lambda_chain.stack import MiniStack

    with MiniStack(tmp_path) as aws:
        yield aws


@pytest.fixture
def new_site(database, tmp_path):
    """Return a function that makes a site on a fresh database, with the environment given."""
    with ExitStack() as sites:

        def make(**settings: str) -> Site:
            site = sites.enter_context(Site(tmp_path / "site", **settings))
            shutil.copy(database, site.database)
            return site

        yield make

"""A service that runs for all these tests, and for each a computer whose owner has an account there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.devlog_client import Computer, Service
from tests.support.site import Site


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Site(tmp_path_factory.mktemp("service"), DEBUG="off") as site:
        yield Service(site)


@pytest.fixture
def computer(service: Service, tmp_path: Path) -> Computer:
    return service.computer(tmp_path / "home")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what only varies one thing to the long run: of a test with parameters the short one has the first."""
    seen = set()
    for item in items:
        if (
            item.path.parent == Path(__file__).parent
            and isinstance(item, pytest.Function)
            and hasattr(item, "callspec")
        ):
            name = (item.path, item.originalname)
            if name in seen:
                item.add_marker(pytest.mark.long)
            seen.add(name)

"""Dev-logs whose calls wait behind a gate of GatedExtractor, on a site of real servers."""

from tests.support.servers import Server
from tests.support.site import Site
from tests.support.waiting import DEADLINE_SECONDS, eventually

GATED = "tests.support.extractors.GatedExtractor"


def post(server: Server, *, gate: str, count: int = 1) -> list[int]:
    """Post so many dev-logs, no two alike, whose calls wait for the gate."""
    return [server.post(f"Wrote Django and Redis behind gate {gate}, no. {number}.") for number in range(count)]


def wait_for_calls(site: Site, count: int, seconds: float = DEADLINE_SECONDS) -> None:
    eventually(lambda: len(site.calls()) >= count, f"{count} calls", seconds)


def wait_until_all_are_done(site: Site, seconds: float = DEADLINE_SECONDS) -> None:
    eventually(lambda: set(site.states()) == {"done"}, "all jobs done", seconds)


def tags_of(devlogs: list[int]) -> dict[int, list[str]]:
    return {devlog: ["Django", "Redis"] for devlog in devlogs}

"""The model of the harness: answers as told, fails as the seed says, and keeps the ledger of what was asked."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter, defaultdict

from tests.support.replies import REPLIES, Asked, Reply, error, reply_named
from tests.support.wire import FakeOpenAI, Request

MARK = re.compile(r"item (\d+\.\d+) edition (\d+)")
# Name and weight; the replies that fake_openai does not have in this form are in EXTRA.
FAULTS = {
    "rate_limit_soon": 1,
    "rate_limit_silent": 1,
    "server_error": 3,
    "bad_gateway": 2,
    "overloaded_soon": 2,
    "hang": 1,
    "reset": 3,
    "dripping": 1,
    "cut_short": 2,
    "not_json": 2,
    "chatter": 2,
    "cut_off": 2,
    "refusal": 2,
}
EXTRA = {
    "rate_limit_soon": error(429, "Slow down", code="rate_limit_exceeded", headers={"retry-after": "1"}),
    "overloaded_soon": error(503, "Overloaded", type="server_error", headers={"retry-after": "1"}),
}
assert not FAULTS.keys() - REPLIES.keys() - EXTRA.keys()

Edition = tuple[str, int]


def edition_of(text: str) -> Edition | None:
    """Return an entry's marker and the number of its text."""
    found = MARK.search(text)
    return (found[1], int(found[2])) if found else None


class StandIn(FakeOpenAI):
    """Of its replies `fault_rate` are faults; `is_down` makes it an outage. The ledger: each edition's replies."""

    def __init__(self, seed: int, *, fault_rate: float, latency: tuple[float, float]) -> None:
        super().__init__(recording=False)
        self.fault_rate = fault_rate
        self.latency = latency
        self.is_down = False
        self.ledger: defaultdict[Edition | None, list[tuple[float, str]]] = defaultdict(list)
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def reply_to(self, request: Request) -> Reply:
        asked = Asked(request.body, "")
        with self._lock:
            name = self._next()
            seconds = self._random.uniform(*self.latency)
            self.ledger[edition_of(asked.entry)].append((time.time(), name))
        time.sleep(seconds)
        return reply_named(EXTRA.get(name, name), request.body)

    def _next(self) -> str:
        if self.is_down:
            return "server_error"
        if self._random.random() >= self.fault_rate:
            return "ok"
        return self._random.choices(list(FAULTS), list(FAULTS.values()))[0]

    # -- what the ledger says ------------------------------------------------------------------------------------

    def calls(self) -> Counter[str]:
        return Counter(name for calls in self.ledger.values() for _, name in calls)

    def repeated(self) -> int:
        """Count the calls for a text that had been answered well before."""
        replies = [[name for _, name in calls] for calls in self.ledger.values()]
        return sum(len(names) - names.index("ok") - 1 for names in replies if "ok" in names)

    def next_call(self, marker: str, since: float) -> float | None:
        """Return when the entry of this marker was asked about next."""
        calls = [at for edition, calls in self.ledger.items() if edition and edition[0] == marker for at, _ in calls]
        return min((at for at in calls if at >= since), default=None)

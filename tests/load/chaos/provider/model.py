"""The provider of this part: sound, or failing in the way it is told, and the ledger of what it was asked."""

from __future__ import annotations

import random
import re
import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Self

from tests.load.chaos.provider.faults import KINDS, MARKS, ONE_AT_A_TIME, REFUSED, SOUND
from tests.load.chaos.provider.wire import Wire
from tests.load.chaos.stand_in import Edition, edition_of
from tests.support.replies import REPLIES, Asked, Reply

MARK = re.compile(r"case (\w+)")
LATENCY_SECONDS = (0.02, 0.12)
# How long a server takes for each entry that answers one at a time.
SLOW_SECONDS = 0.3


def mark_of(text: str) -> str:
    """Return the word of an entry that is never answered well, or none."""
    found = MARK.search(text)
    return found[1] if found else ""


@dataclass(frozen=True)
class Call:
    """One call: what about, in which phase, and what came of it. An entry nobody posted is the product's own."""

    at: float
    edition: Edition | None
    mark: str
    phase: str
    is_good: bool
    is_paid: bool

    @property
    def is_canary(self) -> bool:
        return self.edition is None


class Model:
    """`phase` names what goes on, for the ledger; `kind` is one of KINDS, or none while it is sound."""

    def __init__(self, seed: int) -> None:
        self.calls: list[Call] = []
        self._phase = self._kind = ""
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._line = threading.Lock()  # where one waits whose server answers one at a time
        self._wire = Wire(self._reply_to)
        self.base_url = self._wire.base_url

    def __enter__(self) -> Self:
        self._wire.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()

    def fail(self, phase: str, kind: str) -> None:
        with self._lock:
            self._phase, self._kind = phase, kind
        if kind == REFUSED:
            self._wire.close()

    def recover(self) -> None:
        with self._lock:
            self._phase = self._kind = ""
        self._wire.open()

    def has_answered(self, since: float) -> bool:
        """Say whether an entry that can be answered well was asked about since then."""
        return any(call.is_good and call.edition for call in self.calls[-200:] if call.at >= since)

    def _reply_to(self, body: dict[str, Any]) -> Reply:
        asked = Asked(body, "")
        mark = mark_of(asked.entry)
        with self._lock:
            kind, phase = self._kind, self._phase
            choice, seconds = self._random.random(), self._random.uniform(*LATENCY_SECONDS)
        is_sound = not kind or kind in SOUND
        answers = [MARKS[mark]] if mark and is_sound else KINDS.get(kind) or [REPLIES["ok"]]
        reply = answers[int(choice * len(answers))](asked)
        is_good = is_sound and not mark
        self.calls.append(Call(time.time(), edition_of(asked.entry), mark, phase, is_good, is_paid(reply)))
        is_slow = kind == ONE_AT_A_TIME
        with self._line if is_slow else nullcontext():
            # Who waits in line does so only while it is that slow.
            time.sleep(SLOW_SECONDS if is_slow and self._kind == kind else seconds)
        return reply


def is_paid(reply: Reply) -> bool:
    """Say whether a provider would send a bill for it: a completion was made, whatever became of it."""
    return reply.status == 200 and b"chat.completion" in reply.body

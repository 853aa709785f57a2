"""The workers' lives, from the notes of the servers: since when someone has been there to take a dead one's jobs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Life:
    """One worker: when its process was launched, when it began to work, and when it was killed or told to stop."""

    pid: int
    launched_at: float
    started_at: float
    ended_at: float = math.inf

    def reaches(self, moment: float) -> bool:
        return self.launched_at <= moment <= self.ended_at


@dataclass(frozen=True)
class Death:
    """A process was killed; its server starts another in its place, unless it was killed too."""

    pid: int
    server: int
    at: float


def lives(
    started: Iterable[dict[str, Any]],
    stopping: Iterable[dict[str, Any]],
    deaths: Sequence[Death],
    launches: Mapping[int, float],
) -> list[Life]:
    """Return the life of each worker that started.

    `started` and `stopping` are the notes of the servers, and `launches` says when each server was launched. A
    server's first processes are launched with it; what it starts later is launched by the death before.
    """
    ends = [*((death.pid, death.at) for death in deaths), *((note["pid"], note["at"]) for note in stopping)]

    def life(pid: int, server: int, at: float) -> Life:
        causes = [death.at for death in deaths if death.server == server and death.at < at]
        ended_at = min((end for who, end in ends if who == pid and end >= at), default=math.inf)
        return Life(pid, max([launches[server], *causes]), at, ended_at)

    return [life(note["pid"], note["server"], note["at"]) for note in started]


def rescuer(workers: Iterable[Life], since: float, until: float) -> Life | None:
    """Return who could have taken a dead worker's jobs back first: the first launched of those alive `until` then.

    Whoever was itself killed in between could not. Where many were there already `since` the kill, it is one that
    was at work. None: who did it was about to stop, and nobody else was there.
    """
    alive = [each for each in workers if each.reaches(until)]
    return min(alive, key=lambda each: (max(since, each.launched_at), each.started_at), default=None)

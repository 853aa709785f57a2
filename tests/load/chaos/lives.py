"""The workers' lives, from the notes of the servers: since when someone has been there to take a dead one's jobs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The longest until the first job is recovered. Who was at work for longer had its chance, even if it was killed then.
RECOVERY_MAX_SECONDS = 3.0


@dataclass(frozen=True)
class Life:
    """One worker: when its process was launched, when it began to work, and when it was killed or told to stop."""

    pid: int
    launched_at: float
    started_at: float
    ended_at: float = math.inf

    def could_act(self, since: float, until: float) -> bool:
        """Whether it lived to take jobs back `until` then, or long enough to have done so before."""
        lived_on = self.launched_at <= until <= self.ended_at
        return lived_on or min(self.ended_at, until) - max(self.started_at, since) > RECOVERY_MAX_SECONDS


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
    server's first processes are launched with it; one that was forked later, by the death before.
    """
    ends = [*((death.pid, death.at) for death in deaths), *((note["pid"], note["at"]) for note in stopping)]

    def life(pid: int, server: int, forked_at: float, at: float) -> Life:
        causes = [death.at for death in deaths if death.server == server and death.at <= forked_at]
        ended_at = min((end for who, end in ends if who == pid and end >= at), default=math.inf)
        return Life(pid, max([launches[server], *causes]), at, ended_at)

    return [life(note["pid"], note["server"], note["forked_at"], note["at"]) for note in started]


def launched_since(workers: Iterable[Life], since: float, until: float) -> float:
    """Return since when one has been launched that could take a dead worker's jobs back; `since`, if before that.

    Whoever was itself killed soon after could not. Where nobody could, who did it was told to stop, and it counts
    from the kill.
    """
    launches = [each.launched_at for each in workers if each.could_act(since, until)]
    return max(since, min(launches, default=since))


def at_work_since(workers: Iterable[Life], since: float, until: float) -> float:
    """Return the same of when one of them began to work."""
    starts = [each.started_at for each in workers if each.could_act(since, until) and each.started_at <= until]
    return max(since, min(starts, default=since))

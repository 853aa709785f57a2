"""The stand-in for the model, told by a line on stdin how to answer from then on: after so many seconds, or to `hang`.

`python -m tests.load.benchmarks.model` prints its port.
"""

import sys
import threading
from typing import Any

from tests.support.wire import FakeOpenAI


class ToldModel(FakeOpenAI):
    """Hanging calls end with the next number."""

    def __init__(self) -> None:
        super().__init__(recording=False)
        self._answers = threading.Event()
        self._answers.set()

    def reply_to(self, request: Any) -> Any:
        self._answers.wait()
        return super().reply_to(request)

    def tell(self, word: str) -> None:
        if word == "hang":
            self._answers.clear()
        else:
            self.latency_seconds = float(word)
            self._answers.set()


if __name__ == "__main__":
    with ToldModel() as model:
        print(model.port, flush=True)
        for line in sys.stdin:
            model.tell(line.strip())

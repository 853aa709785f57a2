"""The reference `pool`: as many threads as the worker has slots, making the same SDK calls, with no database at all.

`python -m tests.load.benchmarks.pool THREADS WARM_UP_SECONDS SECONDS` prints calls per second and CPU ms per call.
"""

import json
import sys
import threading
import time

import django
from django.conf import settings
from django.utils.module_loading import import_string

from tests.load.benchmarks.entries import entries


def main(threads: int, warm_up_seconds: float, seconds: float) -> dict[str, float]:
    extractor = import_string(settings.TAGGING_EXTRACTOR).from_settings(settings)
    done: list[None] = []

    def call() -> None:
        for entry in entries():
            extractor.extract(entry)
            done.append(None)

    for _ in range(threads):
        threading.Thread(target=call, daemon=True).start()
    while not done:  # the import of the SDK is not the calls' time
        time.sleep(0.05)
    time.sleep(warm_up_seconds)
    calls, cpu, began = len(done), time.process_time(), time.perf_counter()
    time.sleep(seconds)
    calls, cpu, took = len(done) - calls, time.process_time() - cpu, time.perf_counter() - began
    return {"per_second": calls / took, "cpu_ms": 1000 * cpu / calls}


if __name__ == "__main__":
    django.setup()
    threads, *times = sys.argv[1:]
    print(json.dumps(main(int(threads) or settings.TAGGING_CONCURRENCY, *map(float, times))))

"""How long opening a connection takes: `python -m tests.load.benchmarks.opening TIMES` prints the p50 in ms."""

import json
import sys
import time

import django
from django.db import connection


def main(times: int) -> dict[str, float]:
    from tests.load.benchmarks.load import quantiles  # app ready

    took = []
    for _ in range(times):
        began = time.perf_counter()
        connection.ensure_connection()
        took.append(time.perf_counter() - began)
        connection.close()
    return quantiles(took)


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main(int(sys.argv[1]))))

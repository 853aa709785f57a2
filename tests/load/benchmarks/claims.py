"""How long a claim for every slot takes: `python -m tests.load.benchmarks.claims TIMES` prints the p50 in ms."""

import json
import sys
import time

import django
from django.conf import settings


def main(times: int) -> dict[str, float]:
    from tagging.models import Job  # app ready
    from tests.load.benchmarks.load import quantiles

    took = []
    for _ in range(times):
        began = time.perf_counter()
        jobs = Job.objects.claim(settings.TAGGING_CONCURRENCY, owner="benchmark", lease_seconds=60)
        took.append(time.perf_counter() - began)
        Job.objects.release(jobs)
    return quantiles(took)


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main(int(sys.argv[1]))))

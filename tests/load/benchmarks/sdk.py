"""`python -m tests.load.benchmarks.sdk` prints the MiB that the SDK's import and its client add to Django."""

import json
import resource
from pathlib import Path

import django
from django.urls import get_resolver


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1024**2


def main() -> float:
    django.setup()
    assert get_resolver().url_patterns  # loads what a server has loaded
    before = resident_mib()
    import openai

    openai.OpenAI(api_key="none")
    return resident_mib() - before


if __name__ == "__main__":
    print(json.dumps(main()))

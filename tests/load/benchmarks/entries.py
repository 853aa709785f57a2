"""What is posted: entries of usual length, each with three technologies that every extractor here finds.

No two are the same, as the product answers a known entry from its ledger and would make no call.
"""

from collections.abc import Iterator
from itertools import count

TRIPLES = (
    ("Django", "Elasticsearch", "Docker"),
    ("Flask", "Redis", "Kubernetes"),
    ("FastAPI", "PostgreSQL", "Kafka"),
    ("React", "TypeScript", "GraphQL"),
    ("Python", "Celery", "Terraform"),
)
TEXT = (
    "Heute habe ich eine Anwendung mit {} geschrieben. Diese Anwendung schreibt Informationen nach {} und ist mit {} "
    "deployed. Am Nachmittag die Tests repariert, danach ein langes Review mit den Kollegen. Eintrag Nummer {}."
)


def entries(first: int = 1) -> Iterator[str]:
    for number in count(first):
        yield TEXT.format(*TRIPLES[number % len(TRIPLES)], number)

"""What a scrape says, read as Prometheus reads it."""

from prometheus_client.parser import text_string_to_metric_families

# What one process knows of itself alone.
OWN = ("http_server_", "db_client_", "devlog_build_info")

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    """Return each series with its value; one that is told twice is a failure."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, f"{key} is told twice"
            found[key] = sample.value
    return found


def shared(text: str) -> Samples:
    """Return the series that all processes tell."""
    return {key: value for key, value in samples(text).items() if not key[0].startswith(OWN)}


def value(text: str, name: str, **labels: str) -> float | None:
    """Return the sum of the series that have these labels, whatever others they have; None where there is none."""
    wanted = set(labels.items())
    found = [value for (metric, has), value in samples(text).items() if metric == name and wanted <= has]
    return sum(found) if found else None

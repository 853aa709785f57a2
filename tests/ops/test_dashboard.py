"""The alerts and the dashboard name what a scrape has."""

import json
import re
from collections import defaultdict

import pytest
import yaml
from django.db import connection
from django.utils import timezone

from tagging.models import Attempt
from tests.support.promql import used
from tests.support.scraping import samples
from tests.support.servers import ROOT

ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
EXPRESSIONS = [rule["expr"] for rule in ALERTS]
EXPRESSIONS += [target["expr"] for panel in PANELS for target in panel["targets"]]
# What Prometheus itself adds.
OF_PROMETHEUS = {"up": {"job", "instance"}}
ADDED = {"job", "instance"}
# A Django template's or Grafana's own: `$labels`, `$value` and `{{label}}` in what is said.
IN_LEGEND = re.compile(r"\{\{(\w+)\}\}")


@pytest.fixture
def told(client, api, make_devlog, settings):
    """Return each metric of a scrape in which there is one of everything, with its labels."""
    settings.TAGGING_DAILY_TOKENS, settings.TAGGING_DAILY_COST = 1000, 1.0
    api.post("/api/v1/devlogs/", {"entry": "Wrote a Django app."})
    scrape(client)
    devlog, at = make_devlog(), timezone.now()
    Attempt.objects.create(
        job_id=devlog.pk, number=1, started_at=at, finished_at=at, outcome="answered", model="m", input_tokens=1
    )
    labels = defaultdict(set, OF_PROMETHEUS)
    for name, values in samples(scrape(client)):
        labels[name] |= {label for label, _ in values}
    return labels


def scrape(client):
    return client.get("/metrics", REMOTE_ADDR="127.0.0.1", HTTP_HOST="localhost").content.decode()


@pytest.mark.django_db
def test_each_expression_names_metrics_and_labels_that_a_scrape_has(told):
    missing = set()
    for expression in EXPRESSIONS:
        found = used(expression)
        assert found.metrics, expression
        if connection.vendor == "sqlite" and all(name.startswith("db_client_") for name in found.metrics):
            continue  # only PostgreSQL has a pool
        missing |= {name for name in found.metrics if name not in told}
        missing |= {f"{name}: {label}" for name, by in found.metrics.items() for label in by - told[name] - ADDED}
        known = set().union(*(told[name] for name in found.metrics))
        missing |= {f"{expression}: {label}" for label in found.grouped_by - known - ADDED}

    assert not missing


@pytest.mark.django_db
def test_each_legend_names_a_label_that_its_series_have(told):
    unknown = {
        f"{panel['title']}: {label}"
        for panel in PANELS
        for target in panel["targets"]
        for label in IN_LEGEND.findall(target["legendFormat"])
        if (by := used(target["expr"]).grouped_by) and label not in by
    }

    assert not unknown


def test_what_holds_for_all_processes_is_never_added_up_over_them():
    """A sum would count it once for each instance; over series that max has joined first it is right."""
    wrong = {
        expression
        for expression in EXPRESSIONS
        if re.search(
            r"\bsum\b(?:\s+by\s*\([^)]*\))?\s*\(\s*(?:rate|increase)?\(?\s*(?:devlog|gen_ai|messaging)_", expression
        )
    }

    assert not wrong


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_each_alert_says_what_to_do_and_stands_in_the_docs(rule):
    assert {*rule["annotations"]} == {"summary", "description"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert f"| `{rule['alert']}` |" in OPERATIONS


@pytest.mark.django_db
def test_each_metric_stands_in_the_docs(told):
    documented = {*re.findall(r"`\w+`", OPERATIONS)}
    missing = {
        name
        for name in told.keys() - OF_PROMETHEUS.keys()
        if not {f"`{name}`", f"`{re.sub('_(bucket|sum|count)$', '', name)}`"} & documented
    }

    assert missing == set()


def test_each_panel_says_what_it_shows():
    assert [panel["title"] for panel in PANELS if not panel["description"]] == []
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])

"""Which metrics and labels an expression of PromQL names; as much of the language as our rules and panels use."""

import re
from typing import NamedTuple

GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left)\s*\(([^)]*)\)")
SELECTOR = re.compile(r"(?<![\w:$.])([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?(?!\s*\(|[\w:])")
WORDS = {"and", "or", "unless", "bool", "offset"}
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


class Used(NamedTuple):
    """Each metric with the labels that select from it, and the labels by which all is grouped."""

    metrics: dict[str, set[str]]
    grouped_by: set[str]


def used(expression: str) -> Used:
    text = re.sub(r'"[^"]*"', '""', expression)
    text = re.sub(r"\[[^]]*\]", "", text)
    grouped_by = {label.strip() for labels in GROUPING.findall(text) for label in labels.split(",") if label.strip()}
    metrics: dict[str, set[str]] = {}
    for name, matchers in SELECTOR.findall(GROUPING.sub("", text)):
        if name not in WORDS:
            metrics.setdefault(name, set()).update(MATCHER.findall(matchers))
    return Used(metrics, grouped_by)

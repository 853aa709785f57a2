"""The cells of an admin's list, each with what the head of its column says: a phone shows it before the value."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()


@register.filter
def labelled(cells: Iterable[SafeString], heads: Iterable[Mapping[str, Any]]) -> Iterator[SafeString]:
    """Yield the cells of a row, each value in a box of its own, with the heads of their columns."""
    for cell, head in zip(cells, heads, strict=False):
        if "action-checkbox" in head.get("class_attrib", ""):
            yield cell
            continue
        begin, _, rest = cell.partition(">")  # of a tag with its class, as Django makes it
        held, _, end = rest.rpartition("</")
        label = format_html(' data-label="{}"', capfirst(head["text"]))
        yield mark_safe(f'{begin}{label}><div class="cell">{held}</div></{end}')  # noqa: S308  # the label is escaped, and the cell was

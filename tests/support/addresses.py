"""Every address that the URL conf knows, with a value in the place of each of its parts."""

import re

from django.urls import URLPattern, URLResolver, get_resolver

# What a part of an address may be, by its name; else 1.
VALUES = {"format": "csv", "app_label": "tagging", "object_id": "1", "url": "nothing"}


def addresses(patterns=None, prefix="/"):
    """Return each address under these patterns, by default all; lookaheads and optional parts are left out."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield filled(route)


def filled(route):
    named = re.sub(
        r"<(?:\w+:)?(\w+)>", lambda found: value_of(found[1]), re.sub(r"\(\?P(<\w+>)[^()]*\)", r"\1", route)
    )
    return re.sub(r"\(\?[:!=][^()]*\)\??|[\^$\\]|/\?\$?$", "", named).replace("//", "/")


def value_of(name):
    return VALUES.get(name, "1")

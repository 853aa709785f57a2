"""The page at `/`, as tests read it."""

import html
import re


def entries_of(response):
    """Return the ids of the entries on a page, from top to bottom."""
    return [int(pk) for pk in re.findall(r'<article[^>]* id="entry-(\d+)"', response.content.decode())]


def link(response, rel):
    """Return where a page's link of this relation leads; None where there is none."""
    found = re.search(rf'<a rel="{rel}" href="([^"]+)"', response.content.decode())
    return html.unescape(found[1]) if found else None


def offered(response):
    """Return the links that filters offer, by their texts."""
    return _links(r'<dd><a href="([^"]+)"[^>]*><bdi>([^<]*)</bdi>', response)


def chips(response):
    """Return what the list is narrowed by, with the links that take each off."""
    return _links(r'<a class="filter" href="([^"]+)"><bdi>([^<]*)</bdi>', response)


def _links(pattern, response):
    found = re.findall(pattern, response.content.decode())
    return {html.unescape(text): html.unescape(address) for address, text in found}

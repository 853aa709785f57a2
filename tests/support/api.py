"""A dev-log's tags at the API."""

from urllib.parse import quote

DEVLOGS = "/api/v1/devlogs/"


def address(devlog, name):
    return f"{DEVLOGS}{devlog.pk}/tags/{quote(name, safe='')}/"


def shown(api, devlog):
    return [(tag["name"], tag["source"]) for tag in api.get(f"{DEVLOGS}{devlog.pk}/").json()["tags"]]


def names(api, devlog):
    return [name for name, _ in shown(api, devlog)]

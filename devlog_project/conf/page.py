"""docs/settings.md, as it follows from what reads the settings: `make settings`."""

import textwrap
from collections.abc import Iterator

from devlog_project.conf import database, model, simulation, transport, web, worker
from devlog_project.env import SECRET, Env

GROUPS = [group.env for group in (web, database, model, worker, transport, simulation)]
HEAD = """\
# Settings

They come from the environment, or from a file `.env` beside `manage.py` (`make install` writes one for development). A
value that is wrong is an error that names its variable. `manage.py check` finds values that do not fit each other, and
variables that nobody reads but look as if they were meant to be one of these; a server that starts logs them, too.
`manage.py doctor` tries what they lead to.

Values are taken as they are: `$`, `#` and `%` mean nothing. Blanks and line breaks around a value are none of it, but
for `SECRET_KEY` and `DATABASE_PASSWORD`, of which only the line break at the end of a file (of the password, at any
end) is not.

This page is written by `make settings` from what reads them, in `devlog_project/conf`.
"""


def page() -> str:
    """Return the page: a table for each group, and what there is to say about all of it."""
    return "\n".join([HEAD, *map(section, GROUPS)])


def section(env: Env) -> str:
    about = textwrap.wrap(env.about, 119, break_long_words=False, break_on_hyphens=False)
    return "\n".join([*_table(env), *([*about, ""] if about else [])])


def _table(env: Env) -> Iterator[str]:
    yield from (f"## {env.title}", "", "| setting | takes | default | meaning |", "|---|---|---|---|")
    for one in env.settings:
        yield f"| `{one.name}` | {one.takes} | {one.default} | {one.meaning} |"
    yield ""


def known_names() -> set[str]:
    """Return the variables that are read here, those of files with secrets among them."""
    settings = [setting for env in GROUPS for setting in env.settings]
    return {one.name for one in settings} | {f"{one.name}_FILE" for one in settings if one.takes == SECRET}

"""Fill a database with dev-logs that are tagged, and time what the API reads of them.

`python -m tests.load.benchmarks.scale COUNT` prints, for each call, the median of its milliseconds; on a database that
is migrated and empty. Each dev-log has a job, an attempt and five tags; each author has 1,000 of them.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import django
from django.db import connection, transaction

LINKS = 5
TAGS = 300
OF_EACH_AUTHOR = 1_000
TIMES = 7
STARTED = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', '2024-11-01', '+' || (i * {step}) || ' seconds')",
    "postgresql": "timestamptz '2024-11-01Z' + i * interval '{step} seconds'",
}
SERIES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
TWO_YEARS = 2 * 365 * 24 * 3600
# Each by an author, and by staff who see all.
CALLS = {
    "list": "devlogs/",
    "list, tag": "devlogs/?tag=Technology-7",
    "list, two tags": "devlogs/?tag=Technology-7&tag=Technology-68",
    "list, tag_any": "devlogs/?tag_any=Technology-7&tag_any=Technology-9",
    "list, kind": "devlogs/?kind=database",
    "list, state": "devlogs/?state=failed",
    "list, private": "devlogs/?private=true",
    "list, since and until": "devlogs/?since=2025-03-01&until=2025-03-31",
    "list, oldest first": "devlogs/?ordering=created_at",
    "list, q: a rare word": "devlogs/?q=word77",
    "list, q: a word in each": "devlogs/?q=importer",
    "list, q: a phrase": 'devlogs/?q="importer of the shop"',
    "tags": "tags/",
    "facets": "devlogs/facets/",
    "stack, all time": "techstack/?range=all_time",
    "stack, 30 days": "techstack/?range=last_30_days",
    "jobs": "jobs/",
}
READERS = {"an author": "author-1", "staff": "staff"}
# Pages of the admin, for staff who may view what is on them.
PAGES = {
    "admin: tags": "/admin/tagging/tag/",
    "admin: tags, search": "/admin/tagging/tag/?q=technology-7",
    "admin: a tag": "/admin/tagging/tag/8/change/",
    "admin: dev-logs": "/admin/devlogs/devlog/",
    "admin: dev-logs, search": "/admin/devlogs/devlog/?q=importer",
    "admin: dev-logs, a state": "/admin/devlogs/devlog/?job__state__exact=done",
    "admin: jobs": "/admin/tagging/job/",
    "admin: attempts": "/admin/tagging/attempt/",
    "admin: queue": "/admin/queue/",
}
VIEWED = ("view_tag", "view_devlog", "view_job", "view_attempt")


def fill(count: int) -> None:
    """Write these dev-logs by SQL."""
    started = STARTED[connection.vendor].format(step=TWO_YEARS // count)
    series, authors = SERIES.format(count=count), count // OF_EACH_AUTHOR
    # The last bit by which a value of this database is a boolean.
    true, false = ("1", "0") if connection.vendor == "sqlite" else ("true", "false")
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # to look each reference up would take most of the time
            cursor.execute("SET LOCAL session_replication_role = replica")
        users, tags = make_users(authors), make_tags()
        cursor.execute(
            f"{series} INSERT INTO devlogs_devlog (id, entry, author_id, is_private, created_at) SELECT i, "
            "'Worked on word' || (i % 5000) || ', the importer of the shop and report ' || i, "
            f"{users} + i % {authors}, CASE WHEN i % 50 = 0 THEN {true} ELSE {false} END, {started} FROM n"
        )
        cursor.execute(
            f"{series} INSERT INTO tagging_job (devlog_id, state, author_id, run_after, finished_at) SELECT i, "
            f"CASE WHEN i % 100 = 0 THEN 'failed' ELSE 'done' END, {users} + i % {authors}, NULL, {started} FROM n"
        )
        cursor.execute(
            f"{series} INSERT INTO tagging_attempt (id, job_id, number, started_at, finished_at, outcome, extractor, "
            "model, input_tokens, output_tokens, cost, error_code, error_detail, entry_digest, names_dropped, "
            f"redacted) SELECT i, i, 1, {started}, {started}, 'answered', 'openai', 'gpt-6-luna', 300, 40, 0, '', '', "
            "'', 0, '{}' FROM n"
        )
        for link in range(LINKS):
            cursor.execute(
                f"{series} INSERT INTO tagging_devlogtag (devlog_id, tag_id, attempt_id, evidence, position, spelling)"
                f" SELECT i, {tags} + (i + {link} * 61) % {TAGS}, i, 'with it', {link}, '' FROM n"
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def make_users(count: int) -> int:
    """Create so many authors, with ids in a row, and return the first's."""
    from django.contrib.auth.models import User  # app ready

    first = 1_000
    User.objects.bulk_create([User(id=first + number, username=f"author-{number}") for number in range(count)])
    User.objects.create(id=first - 1, username="staff", is_staff=True)
    return first


def make_tags() -> int:
    from tagging.models import Tag  # app ready
    from tagging.models.tag import KINDS, slug_of  # app ready

    names = [f"Technology-{number}" for number in range(TAGS)]
    made = [
        Tag(id=1 + at, name=name, slug=slug_of(name), kind=KINDS[at % len(KINDS)][0]) for at, name in enumerate(names)
    ]
    Tag.objects.bulk_create(made)
    return 1


def count_tags() -> None:
    """Have the uses of tags counted, as whoever looked at them before did."""
    from tagging.engine import recount  # app ready

    while recount.refresh().percent is not None:
        time.sleep(1)


def timed(client: Any, path: str) -> float:
    """Return the median time of a call or a page in ms, after one that is not counted."""
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = client.get(path, secure=True)
        list(answer)
        taken.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.content[:300]!r}")
        if taken[0] > 5_000:
            break
    return statistics.median(taken[1:] or taken)


def main(count: int) -> dict[str, float]:
    from django.contrib.auth.models import Permission, User  # app ready
    from django.test import Client  # app ready
    from knox.models import AuthToken  # app ready

    fill(count)
    found = {}
    for who, name in READERS.items():
        _, token = AuthToken.objects.create(User.objects.get(username=name))
        client = Client(headers={"authorization": f"Token {token}", "host": "127.0.0.1"})
        client.get("/api/v1/devlogs/")  # which loads what is loaded once
        found |= {f"{call}, {who}": timed(client, f"/api/v1/{path}") for call, path in CALLS.items()}
        print(json.dumps(found, indent=1), file=sys.stderr)
    staff = User.objects.get(username="staff")
    staff.user_permissions.set(Permission.objects.filter(codename__in=VIEWED))
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(staff)
    count_tags()
    return found | {page: timed(client, path) for page, path in PAGES.items()}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main(int(sys.argv[1])), indent=1))

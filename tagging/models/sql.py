"""The statements that every dev-log pays for, by hand: its job, its claim, its completion.

The ORM takes ten times as long to compose them as the database to run them, in the one thread of Python that the
requests need too. They are the same for SQLite and PostgreSQL; what differs between the two stands on top. All else
that happens to a job is rare, and is written with the ORM beside its model.

No statement grows with the data without end: what is many goes in portions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

NOW = {"sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')", "postgresql": "STATEMENT_TIMESTAMP()"}
SECONDS_FROM_NOW = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', %s || ' seconds')",
    "postgresql": "STATEMENT_TIMESTAMP() + %s * INTERVAL '1 second'",
}
# PostgreSQL could run a plain subquery twice, and then claim more rows than the limit; an array is built once.
AMONG = {"sqlite": "IN ({jobs})", "postgresql": "= ANY(ARRAY({jobs}))"}
# Pair by pair: tokens are shared by the jobs of one claim.
CLAIM_HOLDS = "devlog_id = %s AND claim_token = %s"

# Write a dev-log, which is as private as it says, or as its author has set it for those that do not say; none where
# its author has one under its external id.
INSERT_DEVLOG = (
    "INSERT INTO devlogs_devlog (entry, author_id, external_id, is_private, created_at) VALUES (%s, %s, %s, "
    "COALESCE(%s, (SELECT private_by_default FROM devlogs_authorsettings WHERE user_id = %s), FALSE), {now}) "
    "ON CONFLICT DO NOTHING RETURNING id, created_at, is_private"
)
# Write a pending job, at the time its dev-log was saved.
INSERT_JOB = (
    "INSERT INTO tagging_job (devlog_id, priority, author_id, is_private, queued_at, run_after, request_id, "
    "traceparent) SELECT id, %s, COALESCE(author_id, 0), is_private, created_at, created_at, %s, %s "
    "FROM devlogs_devlog WHERE id = %s"
)
# Take the next due jobs under one token, and count an attempt on each.
CLAIM_DUE_JOBS = (
    "UPDATE tagging_job SET state = 'running', run_after = NULL, waiting_for = '', attempts = attempts + 1, "
    "started_at = {now}, claim_token = %s, claimed_by = %s, lease_expires_at = {later}, "
    "reserved_tokens = %s, reserved_cost = %s WHERE devlog_id {among} "
    "RETURNING devlog_id, priority, attempts, asks_anew, refusals, error_code, request_id, traceparent, is_private, "
    "author_id, started_at"
)
READ_ENTRIES = "SELECT id, entry, author_id, is_private FROM devlogs_devlog WHERE id IN {portion}"
# Find by digest and prompt the newest attempt that answered this entry alone, by the same extractor and model.
FIND_KNOWN_ANSWERS = (
    "SELECT entry_digest, prompt_version, MAX(id) FROM tagging_attempt WHERE entry_digest IN {portion} "
    "AND extractor = %s AND model = %s AND prompt_version IS NOT NULL AND entries_in_call = 1 "
    "AND outcome = 'answered' GROUP BY entry_digest, prompt_version"
)
# End those of these claims that still hold.
COMPLETE_CLAIMS = (
    "UPDATE tagging_job SET state = 'done', finished_at = {now}, error_code = '', error_detail = '', "
    "claim_token = NULL, claimed_by = '', lease_expires_at = NULL, reserved_tokens = 0, reserved_cost = 0 "
    "WHERE {claims} RETURNING devlog_id"
)
# Find the tag that each slug stands for: of an alias its tag, of a blocked one none. With the name of what is no
# alias, whether a person spelt it, and its kind where the lexicon says it.
RESOLVE_ALIASES = (
    "SELECT tag.slug, CASE WHEN COALESCE(meant.is_blocked, tag.is_blocked) THEN NULL ELSE COALESCE(meant.id, tag.id) "
    "END, CASE WHEN tag.alias_of_id IS NULL THEN tag.name ELSE NULL END, tag.is_name_fixed, "
    "CASE WHEN tag.is_kind_fixed OR tag.alias_of_id IS NOT NULL THEN NULL ELSE tag.kind END "
    "FROM tagging_tag tag LEFT JOIN tagging_tag meant ON meant.id = tag.alias_of_id WHERE tag.slug IN {portion}"
)
# Read how a tag was spelt of late, on whose dev-logs, and whether by an attempt.
READ_SPELLINGS = (
    "SELECT tagging.spelling, devlog.author_id, tagging.attempt_id IS NOT NULL FROM tagging_devlogtag tagging "
    "JOIN devlogs_devlog devlog ON devlog.id = tagging.devlog_id "
    "WHERE tagging.tag_id = %s ORDER BY tagging.id DESC LIMIT %s"
)
FIND_REMOVALS = "SELECT devlog_id, tag_id FROM tagging_removal WHERE devlog_id IN {portion}"
DELETE_FOUND_TAGS = "DELETE FROM tagging_devlogtag WHERE attempt_id IS NOT NULL AND devlog_id IN {portion}"
# Before dev-logs are deleted, in the order of an edit: the dev-log and then its job, else the two could wait for each
# other. It waits for a worker that is just settling one of them, and leaves later ones nothing to settle.
LOCK_DEVLOGS = {
    "sqlite": (),  # who writes is alone there
    "postgresql": (
        "SELECT 1 FROM devlogs_devlog WHERE id IN {portion} ORDER BY id FOR NO KEY UPDATE",
        "SELECT 1 FROM tagging_job WHERE devlog_id IN {portion} ORDER BY devlog_id FOR UPDATE",
    ),
}
# With all that points at them, what points first. Django's own cascade would read each row to do so.
DELETE_DEVLOGS = (
    "DELETE FROM tagging_devlogtag WHERE devlog_id IN {portion}",
    "DELETE FROM tagging_removal WHERE devlog_id IN {portion}",
    "DELETE FROM tagging_attempt WHERE job_id IN {portion}",
    "DELETE FROM tagging_job WHERE devlog_id IN {portion}",
    "DELETE FROM devlogs_devlog WHERE id IN {portion}",
)

# A query for the ids of jobs, with its parameters.
Query = tuple[str, Sequence[int]]
# What CLAIM_DUE_JOBS returns of each job.
ClaimedRow = tuple[int, int, int, bool, int, str, str | None, str | None, bool, int, datetime]

# Both databases take these as they are, whatever the field.
PLAIN = {int, str, NoneType}

# So many rows go into one statement. SQLite takes conditions 1,000 deep and, unless built for more, 32,766 values;
# PostgreSQL 65,535.
PORTION = 150

Row = TypeVar("Row")


def portions(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield these rows in their order, as many at a time as any statement takes."""
    for begin in range(0, len(rows), PORTION):
        yield rows[begin : begin + PORTION]


def rows_of(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def rows_for(sql: str, values: Sequence[Any], *more: str | int | None) -> list[tuple[Any, ...]]:
    """Return the rows of a statement about a list of values, the `{portion}` in it, and about `more`."""
    found = (rows_of(sql.format(portion=marks(portion)), [*portion, *more]) for portion in portions(values))
    return [row for rows in found for row in rows]


def run(sql: str, parameters: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def in_utc(at: datetime) -> datetime:
    """Return a time as it came from the database, of which SQLite's do not say that they are in UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def marks(values: Sequence[Any]) -> str:
    """Return the placeholders of a list: `(%s, %s)`."""
    return f"({', '.join(['%s'] * len(values))})"


def prepared(model: type[models.Model], name: str, value: Any) -> Any:
    """Return a value as the database wants it for this field."""
    if type(value) in PLAIN:
        return value
    return field_of(model, name).get_db_prep_save(value, connections[DEFAULT_DB_ALIAS])


def field_of(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    return cast("models.Field[Any, Any]", model._meta.get_field(name))


def insert(model: type[models.Model], fields: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[int]:
    """Insert these rows, each with its values in the order of the fields; return the ids of those not there yet."""
    columns = ", ".join(str(field_of(model, name).column) for name in fields)
    ids: list[int] = []
    for portion in portions(rows):
        values = [prepared(model, name, value) for row in portion for name, value in zip(fields, row, strict=True)]
        all_marks = ", ".join([marks(fields)] * len(portion))
        sql = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES {all_marks} ON CONFLICT DO NOTHING RETURNING id"
        ids += [value for (value,) in rows_of(sql, values)]
    return ids


def insert_devlog(
    entry: str, author_id: int | None, is_private: bool | None, external_id: str | None = None
) -> tuple[int, datetime, bool] | None:
    """Return id, time and whether it is private; None if its external id is taken. Not said: as its author has set."""
    sql = INSERT_DEVLOG.format(now=NOW[connection.vendor])
    written = rows_of(sql, [entry, author_id, external_id, is_private, author_id])
    return next(((devlog_id, in_utc(at), bool(is_private)) for devlog_id, at, is_private in written), None)


def insert_job(devlog_id: int, priority: int, request_id: str | None = None, traceparent: str | None = None) -> None:
    run(INSERT_JOB, [priority, request_id, traceparent, devlog_id])


def entries(ids: Sequence[int]) -> list[tuple[int, str, int | None, bool]]:
    """Return id, entry and author of these dev-logs, and whether they are private."""
    return rows_for(READ_ENTRIES, ids)


def claim(
    job: type[models.Model],
    among: Query,
    token: UUID,
    owner: str,
    lease_seconds: float,
    tokens: int = 0,
    cost: Decimal = Decimal(0),
) -> list[ClaimedRow]:
    """Claim the jobs of a query, reserve tokens and cost on each; return what is known of them."""
    vendor = connection.vendor
    query, values = among
    among_jobs = AMONG[vendor].format(jobs=query)
    sql = CLAIM_DUE_JOBS.format(now=NOW[vendor], later=SECONDS_FROM_NOW[vendor], among=among_jobs)
    lease = f"+{lease_seconds}" if vendor == "sqlite" else lease_seconds
    held = [prepared(job, "claim_token", token), owner, lease]
    rows = rows_of(sql, [*held, tokens, prepared(job, "reserved_cost", cost), *values])
    return [(*known, in_utc(at)) for *known, at in rows]


def known_answers(digests: Sequence[str], extractor: str, model: str) -> dict[tuple[str, int | None], int]:
    """Return the ids of these attempts by digest and prompt version."""
    return {(digest, version): pk for digest, version, pk in rows_for(FIND_KNOWN_ANSWERS, digests, extractor, model)}


def complete(job: type[models.Model], fences: Sequence[tuple[int, UUID | None]]) -> set[int]:
    """End these claims, each on another job; return the ids of the jobs that were held."""
    held: set[int] = set()
    # From the lowest id on, as all who lock many: else two could wait for each other between portions.
    for portion in portions(sorted(fences)):
        sql = COMPLETE_CLAIMS.format(now=NOW[connection.vendor], claims=" OR ".join([CLAIM_HOLDS] * len(portion)))
        values = [value for job_id, token in portion for value in (job_id, prepared(job, "claim_token", token))]
        held |= {job_id for (job_id,) in rows_of(sql, values)}
    return held


def tags_by_slug(slugs: Sequence[str]) -> dict[str, tuple[int | None, str | None, bool, str | None]]:
    """Return the id of the tag that each slug stands for, its name, whether that is fixed, and a kind that is not."""
    rows = rows_for(RESOLVE_ALIASES, slugs)
    return {slug: (tag_id, name, bool(is_fixed), kind) for slug, tag_id, name, is_fixed, kind in rows}


def spellings(tag_id: int, limit: int) -> list[tuple[str, int | None, bool]]:
    """Return the latest spellings of a tag, each with the dev-log's author and whether an attempt found it."""
    return [(*spelt, bool(is_found)) for *spelt, is_found in rows_of(READ_SPELLINGS, [tag_id, limit])]


def removals(devlog_ids: Sequence[int]) -> set[tuple[int, int]]:
    """Return, as pairs of ids, which tags people took off which of these dev-logs."""
    return {(devlog_id, tag_id) for devlog_id, tag_id in rows_for(FIND_REMOVALS, devlog_ids)}


def delete_found_tags(devlog_ids: Sequence[int]) -> None:
    """Delete the tags that attempts found on these dev-logs."""
    for portion in portions(devlog_ids):
        run(DELETE_FOUND_TAGS.format(portion=marks(portion)), portion)


def delete_devlogs(devlog_ids: Sequence[int]) -> None:
    """Delete these dev-logs with their jobs, attempts and tags, in a transaction."""
    for portion in portions(devlog_ids):
        for statement in (*LOCK_DEVLOGS[connection.vendor], *DELETE_DEVLOGS):
            run(statement.format(portion=marks(portion)), portion)

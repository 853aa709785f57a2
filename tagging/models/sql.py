"""The statements that every dev-log pays for, by hand: its job, its claim, its completion.

The ORM takes ten times as long to compose them as the database to run them, in the one thread of Python that the
requests need too. They are the same for SQLite and PostgreSQL; what differs between the two stands on top. All else
that happens to a job is rare, and is written with the ORM in `tagging.models`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from types import NoneType
from typing import Any, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

NOW = {"sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')", "postgresql": "STATEMENT_TIMESTAMP()"}
SECONDS_FROM_NOW = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', %s || ' seconds')",
    "postgresql": "STATEMENT_TIMESTAMP() + %s * INTERVAL '1 second'",
}
# PostgreSQL could run a plain subquery twice, and then claim more rows than the limit; an array is built once.
DUE = {
    "sqlite": "IN (SELECT devlog_id FROM tagging_job WHERE run_after <= {now} ORDER BY priority, run_after LIMIT %s)",
    "postgresql": (
        "= ANY(ARRAY(SELECT devlog_id FROM tagging_job WHERE run_after <= {now} "
        "ORDER BY priority, run_after LIMIT %s FOR UPDATE SKIP LOCKED))"
    ),
}

INSERT_JOB = (
    "INSERT INTO tagging_job (devlog_id, priority, queued_at, run_after) "
    "SELECT id, %s, created_at, created_at FROM devlogs_devlog WHERE id = %s"
)
CLAIM = (
    "UPDATE tagging_job SET state = 'running', run_after = NULL, waiting_for = '', attempts = attempts + 1, "
    "started_at = {now}, claim_token = %s, claimed_by = %s, lease_expires_at = {later}, "
    "reserved_tokens = %s, reserved_cost = %s WHERE devlog_id {due} RETURNING devlog_id, attempts, started_at"
)
COMPLETE = (
    "UPDATE tagging_job SET state = 'done', finished_at = {now}, error_code = '', error_detail = '', "
    "claim_token = NULL, claimed_by = '', lease_expires_at = NULL, reserved_tokens = 0, reserved_cost = 0 "
    "WHERE {fences} RETURNING devlog_id"
)
# Both databases take these as they are, whatever the field.
PLAIN = {int, str, NoneType}
# Pair by pair: tokens are shared by the jobs of one claim.
FENCE = "devlog_id = %s AND claim_token = %s"

MEANT = (
    "SELECT tag.slug, CASE WHEN COALESCE(meant.is_blocked, tag.is_blocked) THEN NULL ELSE COALESCE(meant.id, tag.id) "
    "END FROM {table} tag LEFT JOIN {table} meant ON meant.id = tag.alias_of_id WHERE tag.slug IN {slugs}"
)


def rows_of(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


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


def insert(
    model: type[models.Model], fields: Sequence[str], rows: Sequence[Sequence[Any]], returning: str
) -> list[Any]:
    """Insert these rows, each with its values in the order of the fields, in one statement.

    Return one column of each row that was not there yet.
    """
    if not rows:
        return []
    columns = ", ".join(str(field_of(model, name).column) for name in fields)
    values = [prepared(model, name, value) for row in rows for name, value in zip(fields, row, strict=True)]
    sql = (
        f"INSERT INTO {model._meta.db_table} ({columns}) VALUES {', '.join([marks(fields)] * len(rows))} "
        f"ON CONFLICT DO NOTHING RETURNING {returning}"
    )
    return [value for (value,) in rows_of(sql, values)]


def insert_job(devlog_id: int, priority: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(INSERT_JOB, [priority, devlog_id])


def entries(model: type[models.Model], ids: Sequence[int]) -> list[tuple[int, str, int | None]]:
    """Return id, entry and author of these dev-logs."""
    if not ids:
        return []
    return rows_of(f"SELECT id, entry, author_id FROM {model._meta.db_table} WHERE id IN {marks(ids)}", ids)


def claim(
    model: type[models.Model], limit: int, token: UUID, owner: str, lease_seconds: float, reserved: Any
) -> list[tuple[int, int, datetime]]:
    """Claim up to `limit` due jobs in one statement; return id, attempts and start of each."""
    now = NOW[connection.vendor]
    due = DUE[connection.vendor].format(now=now)
    sql = CLAIM.format(now=now, later=SECONDS_FROM_NOW[connection.vendor], due=due)
    lease = f"+{lease_seconds}" if connection.vendor == "sqlite" else lease_seconds
    held = [prepared(model, "claim_token", token), owner, lease]
    rows = rows_of(sql, [*held, reserved.tokens, prepared(model, "reserved_cost", reserved.cost), limit])
    # SQLite's times are in UTC and do not say so.
    return [(pk, attempts, at if at.tzinfo else at.replace(tzinfo=UTC)) for pk, attempts, at in rows]


def newest_answers(model: type[models.Model], digests: Sequence[str], asked: Sequence[Any]) -> dict[str, int]:
    """Return by digest the id of the newest attempt that answered this entry, as extractor, model and prompt are."""
    sql = (
        f"SELECT entry_digest, MAX(id) FROM {model._meta.db_table} WHERE entry_digest IN {marks(digests)} "
        "AND extractor = %s AND model = %s AND prompt_version = %s AND outcome = 'answered' GROUP BY entry_digest"
    )
    return dict(rows_of(sql, [*digests, *asked]))


def complete(model: type[models.Model], fences: Sequence[tuple[int, UUID | None]]) -> set[int]:
    """End these claims, each on another job, `done` in one statement; return the ids of the jobs that were held."""
    sql = COMPLETE.format(now=NOW[connection.vendor], fences=" OR ".join([FENCE] * len(fences)))
    values = [value for job_id, token in fences for value in (job_id, prepared(model, "claim_token", token))]
    return {job_id for (job_id,) in rows_of(sql, values)}


def ids_by_slug(model: type[models.Model], slugs: Sequence[str]) -> dict[str, int | None]:
    """Return the ids of the tags that these slugs stand for: of an alias its tag's, of a blocked one None."""
    if not slugs:
        return {}
    return dict(rows_of(MEANT.format(table=model._meta.db_table, slugs=marks(slugs)), slugs))


def tags_removed(model: type[models.Model], devlog_ids: Sequence[int]) -> set[tuple[int, int]]:
    """Return, as pairs of ids, which tags people took off which of these dev-logs."""
    if not devlog_ids:
        return set()
    sql = f"SELECT devlog_id, tag_id FROM {model._meta.db_table} WHERE devlog_id IN {marks(devlog_ids)}"
    return {(devlog_id, tag_id) for devlog_id, tag_id in rows_of(sql, devlog_ids)}


def delete_found(model: type[models.Model], devlog_ids: Sequence[int]) -> None:
    """Delete the tags that attempts found on these dev-logs."""
    if devlog_ids:
        sql = f"DELETE FROM {model._meta.db_table} WHERE attempt_id IS NOT NULL AND devlog_id IN {marks(devlog_ids)}"
        with connection.cursor() as cursor:
            cursor.execute(sql, devlog_ids)


def spend(model: type[models.Model], more: models.Model) -> None:
    """Add tokens and cost to a day's row, which may not be there yet."""
    table = model._meta.db_table
    values = [prepared(model, name, getattr(more, name)) for name in ("day", "tokens", "cost")]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (day, tokens, cost) VALUES (%s, %s, %s) ON CONFLICT (day) DO UPDATE "
            f"SET tokens = {table}.tokens + excluded.tokens, cost = {table}.cost + excluded.cost",
            values,
        )

"""Import rows, portion by portion, so that what is done stays done; what is there already is left as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from devlogs import repeats
from devlogs.bulk import conflict_of
from devlogs.imports.found import Found
from devlogs.imports.rows import BadRowError, checked, derived_id
from devlogs.models import DevLog
from devlogs.repeats import Result, Sent
from tagging.curation import edits, vocabulary

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PORTION = 100
NO_AUTHOR = "It names no author; give --author NAME."


@dataclass(slots=True)
class Row:
    place: str
    devlog: DevLog
    values: dict[str, Any]


@dataclass(slots=True)
class Import:
    """What became of the rows so far.

    author: whose all of them are; None leaves it to each.
    """

    author: User | None = None
    created: int = 0
    existing: int = 0
    bad: int = 0
    users: dict[str, User | None] = field(default_factory=dict)

    def take(self, portion: Sequence[Found]) -> list[str]:
        """Import these in one transaction; return what is wrong with those that could not be, or not as a whole."""
        rows, wrong = list[Row](), list[str]()
        for found in portion:
            try:
                rows.append(self.row_of(found))
            except BadRowError as error:
                wrong.append(f"{found.place}: {error}")
        with transaction.atomic():
            new, known = part(rows)
            sent = repeats.write_once([row.devlog for row in new])
            wrong += filter(None, map(told, new, sent))
        results = Counter(one.result for one in sent)
        self.created += results[Result.CREATED]
        self.existing += results[Result.EXISTING] + known
        self.bad += len(wrong)
        return wrong

    def row_of(self, found: Found) -> Row:
        if found.wrong:
            raise BadRowError(found.wrong)
        values = checked(found.values)
        said = {name: values[name] for name in ("is_private", "created_at") if name in values}
        external_id = values.get("external_id") or derived_id(values)
        author = self.author or self.named(values)
        return Row(found.place, DevLog(entry=values["entry"], author=author, external_id=external_id, **said), values)

    def named(self, values: Mapping[str, Any]) -> User | None:
        """Return the user whom a row names; none where the API is open and the row says that it has no author."""
        if not (name := values.get("author")):
            if settings.API_OPEN and "author" in values:
                return None
            raise BadRowError(NO_AUTHOR)
        if name not in self.users:
            self.users[name] = get_user_model()._default_manager.filter(username=name).first()
        if not (user := self.users[name]):
            raise BadRowError(f"There is no user {name!r}. Create it in the admin, or add --author NAME.")
        return user


def part(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """Return the rows that may be new, and how many are dev-logs of this very database, exported without a name."""
    unnamed = [row.values["id"] for row in rows if row.values.get("id") and not row.values.get("external_id")]
    known = DevLog.objects.filter(pk__in=unnamed).in_bulk() if unnamed else {}

    def is_there(row: Row) -> bool:
        there = not row.values.get("external_id") and known.get(row.values.get("id") or 0)
        what = (row.devlog.author_id, row.devlog.entry, row.values.get("created_at"))
        return bool(there) and (there.author_id, there.entry, there.created_at) == what  # type: ignore[union-attr]

    new = [row for row in rows if not is_there(row)]
    return new, len(rows) - len(new)


def told(row: Row, sent: Sent) -> str:
    """Give a dev-log that is new what people said of its tags; return what is wrong with the row."""
    if sent.result == Result.CONFLICT:
        return f"{row.place}: external_id {row.devlog.external_id}: {conflict_of(sent.devlog)}"
    if sent.result == Result.CREATED and (wrong := bring_back(row)):
        return f"{row.place}: imported without tags: {'; '.join(wrong)}"
    return ""


def bring_back(row: Row) -> list[str]:
    wrong = []
    for name in row.values.get("person_tags", ()):
        try:
            edits.add(row.devlog, name, row.devlog.author)
        except vocabulary.NameRefusedError as error:
            wrong.append(f"{name}: {error}")
    for name in row.values.get("removed_tags", ()):
        edits.keep_off(row.devlog, name, row.devlog.author)
    return wrong

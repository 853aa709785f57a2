"""Forget what people wrote, and all that tells of them: one way for the account's page, the admin and `forget`.

First they are kept from writing, then their dev-logs go in portions (`entries.remove`, which takes jobs, attempts and
tags along, so that a call still out finds nothing to write to), then the rest. What stops half-way is begun once more.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext
from knox.models import AuthToken

from devlog_project.api.models import IdempotencyKey, TokenDetails
from devlogs.models import AuthorSettings, DevLog
from tagging.curation import unused
from tagging.engine.batches import Portions, let_others_write
from tagging.models import Attempt, AuthorSpending, TagUse, sql
from tagging.models.author_spending import today

User = get_user_model()


def counted(user_ids: Sequence[int]) -> dict[str, int]:
    """Return how much goes with these people, by what it is."""
    rows: dict[str, list[QuerySet[Any]]] = {
        "dev-logs, with their tags": [*written_by(user_ids)],
        "attempts": [Attempt.objects.filter(job__devlog__author__in=some) for some in sql.portions(user_ids)],
        "tokens": [AuthToken.objects.filter(user__in=some) for some in sql.portions(user_ids)],
        "idempotency keys": [IdempotencyKey.objects.filter(user__in=some) for some in sql.portions(user_ids)],
        "days of spending": [AuthorSpending.objects.filter(author_id__in=some) for some in sql.portions(user_ids)],
        "lines of the admin's log": [LogEntry.objects.filter(user__in=some) for some in sql.portions(user_ids)],
    }
    return {name: sum(each.count() for each in some) for name, some in rows.items()} | {
        "sessions": len(sessions_of(user_ids))
    }


def deactivate(user_ids: Sequence[int]) -> None:
    """Have these people write nothing more: their tokens and sessions are refused from now on."""
    for some in sql.portions(user_ids):
        User._default_manager.filter(pk__in=some).update(is_active=False)


def written_by(user_ids: Sequence[int]) -> list[QuerySet[DevLog]]:
    return [DevLog.objects.filter(author__in=some) for some in sql.portions(user_ids)]


def forget_rest(user_ids: Sequence[int]) -> None:
    """Delete what tells of these people beside their dev-logs; the accounts stay, with what they spent today."""
    for some in sql.portions(user_ids):
        with transaction.atomic():
            AuthorSettings.objects.filter(user__in=some).delete()
            IdempotencyKey.objects.filter(user__in=some).delete()
            AuthorSpending.objects.filter(author_id__in=some, day__lt=today()).delete()
    forget_names()


def forget_people(user_ids: Sequence[int]) -> None:
    """Delete these users with all that tells of them, and dev-logs that were on their way when it was begun."""
    for keys in sql.portions(sessions_of(user_ids)):
        Session.objects.filter(pk__in=keys).delete()
    for some in sql.portions(user_ids):
        began = time.monotonic()
        with transaction.atomic():
            forget_words_of_log(some)
            AuthorSpending.objects.filter(author_id__in=some).delete()
            User._default_manager.filter(pk__in=some).delete()
        let_others_write(time.monotonic() - began)
    forget_names()


def forget_names() -> None:
    """Delete the names that stood in deleted entries alone, and have the use of the others be counted anew."""
    portions = Portions([unused.unused()])
    while portions.do(unused.delete):
        pass
    TagUse.objects.expire()


def sessions_of(user_ids: Sequence[int]) -> list[str]:
    """Return the keys of these people's sessions: whose one is stands in its signed text alone."""
    ids = set(map(str, user_ids))
    sessions = Session.objects.iterator()
    return [each.session_key for each in sessions if each.get_decoded().get("_auth_user_id") in ids]


def forget_words_of_log(user_ids: Sequence[int]) -> None:
    """Have the admin's log say numbers in place of names: of users, and of their tokens."""
    for pk in user_ids:
        rename(User, [pk], gettext("user %(number)s") % {"number": pk})
        tokens = AuthToken.objects.filter(user=pk)
        token = gettext("token of user %(number)s") % {"number": pk}
        rename(AuthToken, list(tokens.values_list("pk", flat=True)), token)
        rename(TokenDetails, list(TokenDetails.objects.filter(token__in=tokens).values_list("pk", flat=True)), token)


def rename(model: type[Model], pks: Sequence[Any], name: str) -> None:
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model), object_id__in=map(str, pks))
    about.update(object_repr=name, change_message="")

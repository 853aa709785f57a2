"""The first answers to POSTs that came with a key, kept for their repeats."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b

from django.conf import settings
from django.db import connections, models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

KEPT = timedelta(hours=24)
MOST_CHARACTERS = 255
# So many that are over are cleared away with each new one: more than come, and too few to be felt.
PORTION = 50
# One that is still being answered holds it to the end of its transaction.
LOCK = "SELECT 1 AS id, pg_try_advisory_xact_lock(%s) AS is_ours"


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    def lock(self, key: IdempotencyKey) -> bool:
        """Keep others from answering this key to the end of the transaction; return False where one does.

        On SQLite a transaction that writes is alone from its beginning.
        """
        if connections[self.db].vendor != "postgresql":
            return True
        name = repr((key.user_id, key.address, key.key)).encode()
        number = int.from_bytes(blake2b(name, digest_size=8).digest(), signed=True)
        return all(row.is_ours for row in self.raw(LOCK, [number]))  # type: ignore[attr-defined]  # a column of LOCK

    def kept(self, key: IdempotencyKey) -> IdempotencyKey | None:
        """Return what is kept under this key of this client; clear away some of what is kept no longer."""
        over = self.filter(created_at__lt=oldest()).order_by("created_at").select_for_update(skip_locked=True)
        if ids := list(over.values_list("pk", flat=True)[:PORTION]):
            self.filter(pk__in=ids).delete()
        found = self.filter(user_id=key.user_id, address=key.address, key=key.key).first()
        if found and found.created_at < oldest():
            found.delete()
            return None
        return found


def oldest() -> datetime:
    return timezone.now() - KEPT


class IdempotencyKey(models.Model):
    """A key that a client gave to a POST, with the answer; an anonymous client is known by its address."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="idempotency_keys", db_index=False
    )
    address = models.CharField(max_length=100, blank=True)
    key = models.CharField(max_length=MOST_CHARACTERS)
    # SHA-256 of what was asked: the method, the address with its query, and the body.
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now(), db_index=True, editable=False)

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"], condition=Q(user__isnull=False), name="idempotency_key_of_user"
            ),
            models.UniqueConstraint(
                fields=["address", "key"], condition=Q(user=None), name="idempotency_key_of_address"
            ),
        ]

    def __str__(self) -> str:
        return f"idempotency key {self.pk}"

"""An idle connection that stays open, as the product's worker has one.

On SQLite each request that closes the last connection pays for a checkpoint, which would flatter whoever is compared.
"""

from django.db import connection

kept = connection.copy()


def keep_a_connection() -> None:
    kept.inc_thread_sharing()
    kept.ensure_connection()

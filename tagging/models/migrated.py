"""Whether the database has all the tables and columns that this code works with."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def lacks_migrations() -> bool:
    """Say whether a migration of this code is not applied.

    One that is applied and unknown here is no lack: a newer version has migrated already, while ours still serves.
    """
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))

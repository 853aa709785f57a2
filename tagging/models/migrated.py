"""Whether the database has all the tables and columns that this code works with."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def missing_migrations() -> list[str]:
    """Return the migrations of this code that are not applied, in their order.

    One that is applied and unknown here is no lack: a newer version has migrated already, while ours still serves.
    """
    executor = MigrationExecutor(connection)
    return [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]

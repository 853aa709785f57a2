"""Until the next minor version migrations only add: the version before runs on beside them (docs/upgrades.md)."""

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

from tests.support.released import released_tree
from tests.support.servers import ROOT

OURS = ("api", "devlogs", "tagging")
ADDING = (
    migrations.CreateModel,
    migrations.AddIndex,
    migrations.RunPython,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
)


def breaks(operation: migrations.operations.base.Operation) -> str:
    """Return why processes of the version before could not go on; nothing where they can."""
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        return next(filter(None, map(breaks, operation.database_operations)), "")
    if isinstance(operation, migrations.AddField):
        field = operation.field
        is_optional = field.null or field.db_default is not NOT_PROVIDED or field.many_to_many
        return (
            "" if is_optional else f"{operation.name} needs null=True or a db_default: the version before writes none"
        )
    if isinstance(operation, ADDING):
        return ""
    return f"{operation.describe()}: only additions are allowed until the next minor version"


@pytest.fixture(scope="module")
def since_release(tmp_path_factory) -> list[migrations.Migration]:
    old = {path.name for path in released_tree(tmp_path_factory.getbasetemp()).glob("**/migrations/0*.py")}
    loader = MigrationLoader(None)
    return [
        migration
        for (app, name), migration in sorted(loader.disk_migrations.items())
        if app in OURS and f"{name}.py" not in old
    ]


def test_migrations_since_the_last_release_only_add(since_release):
    broken = {
        f"{each}: {why}" for each in since_release for operation in each.operations if (why := breaks(operation))
    }

    assert not broken


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("job", "state"),
        migrations.RenameField("job", "state", "status"),
        migrations.DeleteModel("Job"),
        migrations.AddField("job", "colour", models.TextField(default="red")),
    ],
)
def test_what_the_version_before_could_not_live_with_is_noticed(operation):
    assert breaks(operation)


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("job", "colour", models.TextField(null=True)),
        migrations.AddField("job", "colour", models.TextField(db_default="red")),
    ],
)
def test_what_the_version_before_need_not_write_is_an_addition(operation):
    assert not breaks(operation)


def test_no_released_migration_was_changed(tmp_path_factory):
    tree = released_tree(tmp_path_factory.getbasetemp())

    changed = {
        path.relative_to(tree)
        for path in tree.glob("*/**/migrations/0*.py")
        if path.read_bytes() != (ROOT / path.relative_to(tree)).read_bytes()
    }

    assert not changed

from django.db import migrations

from devlogs import search


def create(apps, schema_editor):
    search.create(schema_editor)


def drop(apps, schema_editor):
    search.drop(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("devlogs", "0004_created_by_author")]

    operations = [migrations.RunPython(create, drop)]

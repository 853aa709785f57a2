from django.db import migrations

from devlogs import search


def keep_words(apps, schema_editor):
    """On PostgreSQL the index of before was on an expression, and each count folded all entries anew."""
    if schema_editor.connection.vendor == "postgresql":
        search.create(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("devlogs", "0005_search")]

    operations = [migrations.RunPython(keep_words, migrations.RunPython.noop)]

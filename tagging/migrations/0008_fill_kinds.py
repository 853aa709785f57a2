from django.db import migrations

from tagging.extraction import lexicon

AT_ONCE = 500


def fill_kinds(apps, schema_editor):
    """Give the tags that are there already the lexicon's kinds; those found later get theirs as they are found."""
    tags = apps.get_model("tagging", "Tag").objects.using(schema_editor.connection.alias)
    changed = []
    for tag in tags.order_by("pk").iterator(AT_ONCE):
        known = lexicon.known(tag.name)
        if known and known.kind:
            tag.kind = known.kind
            changed.append(tag)
    tags.bulk_update(changed, ["kind"], batch_size=AT_ONCE)


class Migration(migrations.Migration):
    dependencies = [("tagging", "0007_kinds")]

    operations = [migrations.RunPython(fill_kinds, migrations.RunPython.noop)]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tagging", "0009_cancelled")]

    operations = [
        migrations.AddIndex(
            model_name="devlogtag",
            index=models.Index(fields=["tag", "devlog"], name="devlogs_of_tag"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(condition=models.Q(("state", "failed")), fields=["devlog"], name="job_failed"),
        ),
    ]

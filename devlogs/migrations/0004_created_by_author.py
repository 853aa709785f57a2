from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devlogs", "0003_external_id"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="devlog",
            index=models.Index(fields=["author", "created_at", "id"], name="devlog_of_author"),
        ),
    ]

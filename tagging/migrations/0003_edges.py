import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('devlogs', '0001_initial'),
        ('tagging', '0002_whose_fault'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='author_id',
            field=models.BigIntegerField(db_default=0),
        ),
        # Of the others it is written when they are asked for again.
        migrations.RunSQL(
            "UPDATE tagging_job SET author_id = (SELECT author_id FROM devlogs_devlog WHERE id = devlog_id) "
            "WHERE state IN ('pending', 'running') AND EXISTS "
            "(SELECT 1 FROM devlogs_devlog WHERE id = devlog_id AND author_id IS NOT NULL)",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('run_after__isnull', False)), fields=['priority', 'author_id', 'run_after'], name='job_of_author'),
        ),
        migrations.AddField(
            model_name='devlogtag',
            name='spelling',
            field=models.CharField(blank=True, db_default='', help_text='As it was named here.', max_length=100),
        ),
        migrations.AddField(
            model_name='removal',
            name='spelling',
            field=models.CharField(blank=True, db_default='', help_text='As it was named here.', max_length=100),
        ),
        migrations.AddField(
            model_name='tag',
            name='is_name_fixed',
            field=models.BooleanField(db_default=False, editable=False, verbose_name='spelt by a person'),
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('page', models.CharField(max_length=100)),
                ('label', models.CharField(max_length=250)),
                ('total', models.PositiveBigIntegerField()),
                ('done', models.PositiveBigIntegerField(db_default=0)),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('finished_at', models.DateTimeField(null=True)),
                ('stopped_because', models.CharField(db_default='', max_length=250)),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'batches',
            },
        ),
        # An index that also says which are the latest takes the place of the foreign key's own.
        migrations.AlterField(
            model_name="devlogtag",
            name="tag",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="taggings",
                to="tagging.tag",
            ),
        ),
        migrations.AddIndex(
            model_name="devlogtag",
            index=models.Index(fields=["tag", "-id"], name="latest_of_tag"),
        ),
    ]


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tagging', '0002_whose_fault'),
    ]

    operations = [
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
    ]

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.KNOX_TOKEN_MODEL),
        ('knox', '0009_extend_authtoken_field'),  # whose key is the digest
    ]

    operations = [
        migrations.CreateModel(
            name='Counter',
            fields=[
                ('key', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('ends_at', models.BigIntegerField(db_index=True)),
                ('count', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='TokenDetails',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(blank=True, max_length=100, validators=[django.core.validators.ProhibitNullCharactersValidator()])),
                ('last_used_at', models.DateTimeField(editable=False, null=True, verbose_name='last used')),
                ('token', models.OneToOneField(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='details', to=settings.KNOX_TOKEN_MODEL)),
            ],
            options={
                'verbose_name': 'token',
            },
        ),
        # Tokens that were made before are listed and revoked like new ones.
        migrations.RunSQL(
            "INSERT INTO api_tokendetails (token_id, name) SELECT digest, '' FROM knox_authtoken",
            migrations.RunSQL.noop,
        ),
    ]

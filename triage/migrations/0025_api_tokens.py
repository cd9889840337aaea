import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('triage', '0024_deliveries'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('secret_hash', models.CharField(editable=False, max_length=64)),
                ('scopes', models.JSONField()),
                ('made_at', models.DateTimeField(editable=False)),
                ('ends_at', models.DateTimeField()),
                ('last_used_on', models.DateField(editable=False, null=True)),
                ('revoked_at', models.DateTimeField(editable=False, null=True)),
                ('made_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'permissions': [('manage_tokens', 'Can make and revoke API tokens')],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='token_has_a_name'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('made_at'))), name='token_ends_after_it_was_made'), models.CheckConstraint(condition=models.Q(('revoked_at', None), ('revoked_at__gte', models.F('made_at')), _connector='OR'), name='token_revoked_after_it_was_made')],
            },
        ),
        migrations.CreateModel(
            name='SentOnce',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64)),
                ('asked', models.CharField(max_length=64)),
                ('at', models.DateTimeField(db_index=True)),
                ('invitation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='triage.invitation')),
                ('token', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='triage.apitoken')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('token', 'key'), name='sent_once_by_each_token')],
            },
        ),
        migrations.CreateModel(
            name='TakenIn',
            fields=[
                ('session', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='taken_in', serialize=False, to='triage.triagesession')),
                ('identifier', models.CharField(max_length=64, unique=True)),
                ('answers', models.CharField(max_length=64)),
                ('token', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='triage.apitoken')),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]

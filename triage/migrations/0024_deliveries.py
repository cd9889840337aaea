import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('triage', '0023_fhir_base'),
    ]

    operations = [
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('receiver', models.CharField(choices=[('fhir', 'FHIR server'), ('webhook', 'webhook')], max_length=10)),
                ('event', models.CharField(choices=[('submitted', 'handed in'), ('corrected', 'a correction handed in'), ('acknowledged', 'acknowledged'), ('reviewed', 'reviewed'), ('closed', 'closed')], max_length=12)),
                ('event_id', models.UUIDField()),
                ('event_at', models.DateTimeField(verbose_name='since')),
                ('queued_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('tried_at', models.DateTimeField(null=True, verbose_name='last try')),
                ('next_at', models.DateTimeField(null=True, verbose_name='next try')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent')),
                ('last_outcome', models.CharField(blank=True, max_length=40)),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='triage.triagesession')),
            ],
            options={
                'verbose_name': 'delivery',
                'verbose_name_plural': 'deliveries',
                'ordering': ['-pk'],
                'permissions': [('resend_delivery', 'Can send a delivery again')],
                'indexes': [
                    models.Index(condition=models.Q(('next_at__isnull', False)), fields=['receiver', 'next_at'], name='delivery_to_try'),
                    models.Index(condition=models.Q(('sent_at', None)), fields=['queued_at'], name='delivery_not_sent'),
                    models.Index(condition=models.Q(('sent_at', None)), fields=['-id'], name='delivery_not_sent_listed'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('event_id', 'receiver'), name='each_hears_of_it_once'),
                    models.CheckConstraint(condition=models.Q(('sent_at', None), ('next_at', None), _connector='OR'), name='sent_delivery_rests'),
                ],
            },
        ),
    ]

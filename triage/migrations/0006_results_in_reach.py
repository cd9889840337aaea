import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('triage', '0005_codes_work_until_replaced'),
    ]

    operations = [
        migrations.AddField(
            model_name='clinic',
            name='read_by',
            field=models.CharField(choices=[('visit', 'when the patient comes'), ('next-day', 'by the end of the next working day'), ('same-day', 'on the same day, in opening hours')], db_default='visit', default='visit', help_text='Patients are told so once they have sent them. Promise what is kept every day.', max_length=8, verbose_name='answers are read'),
        ),
        migrations.AddField(
            model_name='triagesession',
            name='kept_open_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='clinic',
            name='return_days',
            field=models.PositiveSmallIntegerField(default=7, help_text='With it a patient comes back, changes the device, or reads the result again. From 1 to 30.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(30)], verbose_name='days a return code works'),
        ),
    ]

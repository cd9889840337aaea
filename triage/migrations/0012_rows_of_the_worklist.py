from django.db import migrations
from django.db.models import Q

from triage.store.labels import label_key


def rows_of_today(apps, schema_editor):
    """Corrections that were handed in take the row of what they correct; labels are found however they are written."""
    session = apps.get_model("triage", "TriageSession").objects
    for correction in session.filter(corrects__isnull=False, submitted_at__isnull=False).order_by("pk").iterator():
        row = Q(pk=correction.corrects_id) | Q(behind=correction.corrects_id)
        session.filter(row).update(behind=correction.pk)
    for begun in session.filter(corrects__isnull=False, submitted_at=None).iterator():
        session.filter(pk=begun.pk).update(behind=begun.corrects_id)
    invitation = apps.get_model("triage", "Invitation").objects
    for pk, label in invitation.values_list("pk", "label").iterator():
        invitation.filter(pk=pk).update(label_key=label_key(label))


class Migration(migrations.Migration):

    dependencies = [
        ("triage", "0011_worklist_is_a_queue"),
    ]

    operations = [
        migrations.RunPython(rows_of_today, migrations.RunPython.noop, elidable=True),
    ]

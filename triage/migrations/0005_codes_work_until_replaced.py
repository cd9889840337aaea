from django.conf import settings
from django.db import migrations, models


def say_what_was_sent(apps, schema_editor):
    """Until now what was opened was over. Handed in, it still is; so it is where its session is gone."""
    Invitation = apps.get_model("triage", "Invitation")
    for invitation in Invitation.objects.filter(opened_at__isnull=False).prefetch_related("sessions"):
        own = [session for session in invitation.sessions.all() if session.corrects_id is None]
        if not own or own[0].submitted_at:
            invitation.sent_at = own[0].submitted_at if own else invitation.opened_at
            invitation.save(update_fields=["sent_at"])
    # Of several for one visit, which there could be where one was opened, the newest letter counts.
    newer = {}
    for invitation in Invitation.objects.filter(sent_at=None, revoked_at=None).order_by("-pk"):
        newest = newer.setdefault((invitation.label, invitation.appointment_at), invitation)
        if newest is not invitation:
            invitation.revoked_at = newest.created_at
            invitation.save(update_fields=["revoked_at"])


def forget_who_was_revoked(apps, schema_editor):
    """Before, what was opened could not be revoked."""
    apps.get_model("triage", "Invitation").objects.filter(opened_at__isnull=False).update(revoked_at=None)


class Migration(migrations.Migration):

    dependencies = [
        ('triage', '0004_chains_sealed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='invitation',
            name='one_open_invitation',
        ),
        migrations.RemoveConstraint(
            model_name='invitation',
            name='invitation_opened_or_revoked',
        ),
        migrations.RemoveIndex(
            model_name='invitation',
            name='invitation_open',
        ),
        migrations.RemoveIndex(
            model_name='invitation',
            name='invitation_used',
        ),
        migrations.AddField(
            model_name='invitation',
            name='sent_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RunPython(say_what_was_sent, forget_who_was_revoked),
        migrations.AddField(
            model_name='triagesession',
            name='former_key_hash',
            field=models.CharField(blank=True, db_default='', editable=False, max_length=64),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(condition=models.Q(('revoked_at', None), ('sent_at', None)), fields=['-id'], name='invitation_still_open'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(condition=models.Q(('sent_at__isnull', False)), fields=['-id'], name='invitation_sent'),
        ),
        migrations.AddIndex(
            model_name='triagesession',
            index=models.Index(condition=models.Q(('former_key_hash', ''), _negated=True), fields=['former_key_hash'], name='taken_over_from'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(condition=models.Q(('revoked_at', None), ('sent_at', None)), fields=('label', 'appointment_at'), name='one_open_invitation', violation_error_message='There is an open invitation for this label and time.'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('sent_at', None), ('revoked_at', None), _connector='OR'), name='invitation_sent_or_revoked'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('sent_at', None), ('sent_at__gte', models.F('opened_at')), _connector='OR'), name='invitation_sent_after_it_was_opened'),
        ),
    ]

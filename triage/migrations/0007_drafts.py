"""What was refused becomes a draft: by item, whatever screen asks for it, and more than one screen's."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def by_item(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    sessions: Any = apps.get_model("triage", "TriageSession").objects
    for session in sessions.filter(drafts__isnull=False).only("drafts"):
        drafts = {item: said for screen in session.drafts.values() for item, said in screen.items()}
        sessions.filter(pk=session.pk).update(drafts=drafts)


def forget(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    sessions: Any = apps.get_model("triage", "TriageSession").objects
    sessions.update(drafts=None)


class Migration(migrations.Migration):
    dependencies = [("triage", "0006_results_in_reach")]

    operations = [
        migrations.RenameField("triagesession", "refused", "drafts"),
        migrations.AddField(
            "triagesession", "refused", models.CharField(default="", editable=False, max_length=50)
        ),
        migrations.RunPython(by_item, forget),
    ]

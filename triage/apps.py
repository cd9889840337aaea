"""The one app of the project, and Django's admin as this project uses it."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import CheckMessage, Warning, register
from django.db.models.signals import post_migrate

# Each registers its lists with the site. Not in `triage/admin/__init__.py`, which the site itself is imported through.
LISTS = ("access", "accounts", "clinic", "invitations", "outbox", "releases", "submissions")


def warn_of_what_is_missing(**_options: Any) -> list[CheckMessage]:
    """What the staff's first page asks for before real patients come, for whoever sets up the server."""
    from django.db import DatabaseError

    from triage.models import the_clinic
    from triage.store.readiness import steps

    try:
        return [Warning(f"{step.text}.", id="triage.W001") for step in steps(the_clinic()) if not step.done]
    except DatabaseError:  # not migrated yet
        return []


class TriageConfig(AppConfig):
    name = "triage"
    verbose_name = "Clinic"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from triage.actions import set_up_after_migration
        from triage.admin.site import note_coming_and_going
        from triage.server.deployment import deployment

        register(warn_of_what_is_missing, deploy=True)
        for name in LISTS:
            import_module(f"triage.admin.{name}")
        register(deployment, deploy=True)
        note_coming_and_going()
        post_migrate.connect(set_up_after_migration, sender=self)


class StaffConfig(AdminConfig):
    default_site = "triage.admin.site.StaffSite"

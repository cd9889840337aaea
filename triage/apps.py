"""The one app of the project, and Django's admin as this project uses it."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import register
from django.db.models.signals import post_migrate

# Each registers its lists with the site. Not in `triage/admin/__init__.py`, which the site itself is imported through.
LISTS = ("access", "accounts", "clinic", "invitations", "outbox", "releases", "submissions")


class TriageConfig(AppConfig):
    name = "triage"
    verbose_name = "Clinic"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from triage.actions import set_up_after_migration
        from triage.admin.site import note_coming_and_going
        from triage.server.deployment import deployment

        for name in LISTS:
            import_module(f"triage.admin.{name}")
        register(deployment, deploy=True)
        note_coming_and_going()
        post_migrate.connect(set_up_after_migration, sender=self)


class StaffConfig(AdminConfig):
    default_site = "triage.admin.site.StaffSite"

"""The one app of the project, and Django's admin as this project uses it."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class TriageConfig(AppConfig):
    name = "triage"
    verbose_name = "Clinic"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from triage.actions import set_up_after_migration
        from triage.staff import note_coming_and_going

        note_coming_and_going()
        post_migrate.connect(set_up_after_migration, sender=self)


class StaffConfig(AdminConfig):
    default_site = "triage.staff.StaffSite"

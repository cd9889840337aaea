"""The mails to the clinic that have not gone out, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from triage.admin.lists import GuardedList, ReadOnly, clock
from triage.models import OutboxMail


@admin.register(OutboxMail)
class OutboxMailAdmin(ReadOnly, GuardedList):
    noted_as = "unsent mails"
    fields = ("reference", "created", "tries", "next_try", "last_error")
    list_display = fields
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMail]:
        return super().get_queryset(request).filter(sent_at=None).select_related("session")

    @admin.display(description="about")
    def reference(self, mail: OutboxMail) -> str:
        return mail.session.reference

    @admin.display(description="next try")
    def next_try(self, mail: OutboxMail) -> str:
        return clock(mail.next_at) if mail.next_at else "given up"

    @admin.display(description="since")
    def created(self, mail: OutboxMail) -> str:
        return clock(mail.created_at)

"""What goes out: the mails to the clinic that have not gone out, and the deliveries to other systems."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from triage import actions
from triage.admin.lists import GuardedList, ReadOnly, clock
from triage.models import Delivery, OutboxMail
from triage.store.deliveries import receivers


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


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"
    STATES = {
        "waiting": Q(next_at__isnull=False),
        "given-up": Q(next_at=None, sent_at=None),
        "arrived": Q(sent_at__isnull=False),
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(state, state.replace("-", " ")) for state in self.STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(self.STATES[value]) if (value := self.value()) in self.STATES else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, GuardedList):
    noted_as = "deliveries"
    lookups = frozenset({"receiver__exact", "state"})
    fields = ("reference", "event", "receiver", "since", "tries", "state", "outcome")
    list_display = ("reference", "event", "receiver", "since", "tries", "state", "outcome")
    list_filter = (StateFilter, "receiver")
    sortable_by = ()
    change_form_template = "admin/triage/delivery/change_form.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """On the first page only where there are other systems."""
        return bool(receivers()) and super().has_module_permission(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.send_again_view))
        return [path("<int:pk>/send-again/", view, name="triage_delivery_send_again"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).select_related("session")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may = {"may_send_again": request.user.has_perm("triage.resend_delivery")}
        return super().change_view(request, object_id, form_url, {**may, **(extra_context or {})})

    def send_again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm("triage.resend_delivery"):
            raise PermissionDenied
        try:
            delivery = actions.send_again(pk, request.user.get_username(), timezone.now())
        except (Delivery.DoesNotExist, OverflowError):
            messages.warning(request, "It is there no more: its submission was deleted.")
        else:
            messages.success(request, f"{delivery.session.reference} is sent again within a minute.")
        return redirect(reverse("admin:triage_delivery_changelist"))

    @admin.display(description="about")
    def reference(self, delivery: Delivery) -> str:
        return delivery.session.reference

    @admin.display(description="since")
    def since(self, delivery: Delivery) -> str:
        return clock(delivery.event_at)

    @admin.display(description="state")
    def state(self, delivery: Delivery) -> str:
        if delivery.sent_at:
            return f"arrived {clock(delivery.sent_at)}"
        return f"next try {clock(delivery.next_at)}" if delivery.next_at else "given up"

    @admin.display(description="last outcome")
    def outcome(self, delivery: Delivery) -> str:
        """A status of HTTP, or the class of an error."""
        return delivery.last_outcome or "–"

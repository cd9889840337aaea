"""Who a staff member is, what they may do and which devices are theirs, asked of the database at once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission, User
from django.db.models import CharField, Func, JSONField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice


class AsList(Func):
    """All values of a query as one, in each database's words."""

    function = "JSONB_AGG"
    output_field = JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSON_GROUP_ARRAY", **context)


def rights(permissions: QuerySet[Permission]) -> Subquery:
    name = Concat("content_type__app_label", Value("."), "codename")
    return Subquery(permissions.order_by().values_list(AsList(name)))


def devices(kind: type[Device]) -> Subquery:
    """Of the user, by the names that django-otp gives them in a session."""
    name = Concat(Value(f"{kind.model_label()}/"), Cast("pk", CharField()))
    return Subquery(kind.objects.filter(user=OuterRef("pk"), confirmed=True).values_list(AsList(name)))


class StaffBackend(ModelBackend):
    """Django's own in all it answers, which asks for the user, for their rights and for their groups' rights in turn.

    The rights are left where Django looks before it asks; should it look elsewhere one day, it asks as before.
    `devices` are those that may have verified a session, see `sign_in.is_verified`.
    """

    def get_user(self, user_id: int) -> User | None:
        user = (
            User.objects.filter(pk=user_id)
            .annotate(
                own_rights=rights(Permission.objects.filter(user=OuterRef("pk"))),
                group_rights=rights(Permission.objects.filter(group__user=OuterRef("pk"))),
                totp_devices=devices(TOTPDevice),
                static_devices=devices(StaticDevice),
            )
            .first()
        )
        if user is None or not self.user_can_authenticate(user):
            return None
        user.devices = {*(user.totp_devices or ()), *(user.static_devices or ())}  # type: ignore[attr-defined]
        if not user.is_superuser:  # has every right there is, given or not
            vars(user).update(
                _user_perm_cache=set(user.own_rights or ()), _group_perm_cache=set(user.group_rights or ())
            )
        return user

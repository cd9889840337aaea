"""Staff accounts: groups, and the second factor."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from triage.actions.access import note_access
from triage.actions.keys import signs
from triage.domain.plain import plain
from triage.models import AccessEntry, Clinic, FirstPassword, StaffDevice
from triage.models.accounts import sealed_key
from triage.store.codes import known_secrets

INVITING = ("view_invitation", "add_invitation", "change_invitation")
REVIEWERS, MANAGERS, AUDITORS = "Reviewers", "Managers", "Auditors"
GROUPS = {
    REVIEWERS: (
        "view_triagesession",
        "view_review",
        "add_review",
        "view_outboxmail",
        "view_delivery",
        *INVITING,
    ),
    MANAGERS: (
        "view_triagesession",
        "view_review",
        "add_review",
        "view_clinic",
        "manage_staff",
        "manage_tokens",
        "change_clinic",
        "view_release",
        "publish_release",
        "view_outboxmail",
        "view_delivery",
        "resend_delivery",
        "export_triagesession",
        "export_reviews",
        "overview_triagesession",
        "rights_triagesession",
        *INVITING,
    ),
    AUDITORS: ("view_accessentry",),
}
RECOVERY_CODES, RECOVERY_SIGNS = 10, 8
APP_CODE = re.compile(r"[0-9]{6}")


class WrongCode(Exception):
    """Not the code of this moment on this device, or used before."""


@transaction.atomic
def set_up_after_migration(**_signal: Any) -> None:
    """The clinic's row and the staff groups with just the rights they need."""
    from django.apps import apps
    from django.contrib.auth.management import create_permissions

    create_permissions(apps.get_app_config("triage"), verbosity=0)
    if not Clinic.objects.filter(
        pk=1
    ).exists():  # asked by its key alone: going back, the other columns may be away
        Clinic.objects.create(pk=1)
    for name, codenames in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(
            Permission.objects.filter(content_type__app_label="triage", codename__in=codenames)
        )


def create_staff(username: str, password: str, group: str, *, first: bool = False) -> User:
    """A staff account in one of the groups; `first`: its person chooses another password when they first sign in.

    Raises django.db.IntegrityError when the name is taken, ValueError where it is no name.
    """
    if plain(username) != username or not username.isprintable():
        raise ValueError("the name has signs that cannot be read")
    with transaction.atomic():
        user = User.objects.create_user(username, password=password, is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        if first:
            FirstPassword.objects.create(user=user)
    return user


@transaction.atomic
def note_own_password(user: User, now: datetime) -> None:
    """From now on it is one that its person has chosen."""
    FirstPassword.objects.filter(user=user).delete()
    note_access(AccessEntry.What.CHANGE, user.get_username(), now, "own password")


class NotToManage(Exception):
    """One's own account, or one that is not a manager's to manage."""


def managed_staff() -> QuerySet[User]:
    """The accounts that managers manage: those of the staff groups, never a superuser's."""
    staff = User.objects.filter(is_staff=True, is_superuser=False)
    return staff.filter(pk__in=User.objects.filter(groups__name__in=GROUPS).values("pk"))


@transaction.atomic
def invite_staff(username: str, group: str, who: str, now: datetime) -> User:
    """An account without a password, which its person chooses by a link. Raises IntegrityError for a name taken."""
    user = User.objects.create_user(username, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    note_access(AccessEntry.What.CHANGE, who, now, f"user {username}"[:150], f"invited to {group}")
    return user


@transaction.atomic
def manage_staff(pk: int, what: str, who: str, now: datetime) -> User:
    """Disable or enable an account, or reset it: then neither password nor device opens it, until a link sets new ones.

    Raises User.DoesNotExist, NotToManage for oneself.
    """
    user = managed_staff().select_for_update(of=("self",)).get(pk=pk)
    if user.get_username() == who or what not in ("disable", "enable", "reset"):
        raise NotToManage
    if what == "reset":
        user.set_unusable_password()  # which also ends the sessions
        reset_second_factor(user.get_username(), who, now)
    else:
        user.is_active = what == "enable"
    user.save(update_fields=["password", "is_active"])
    note_access(
        AccessEntry.What.CHANGE,
        who,
        now,
        f"user {user.get_username()}"[:150],
        f"{what}d".replace("resetd", "reset"),
    )
    return user


def demo_reviewer() -> User:
    """Who takes the steps on made-up submissions. Nobody can sign in under this name."""
    locked = {"is_active": False, "password": make_password(None)}
    return User.objects.get_or_create(username="demo", defaults=locked)[0]


@transaction.atomic
def set_up_second_factor(user: User, key: str, code: str, now: datetime) -> tuple[StaffDevice, list[str]]:
    """Tie an account to the device that holds this key, as its code shows; the device, and ten recovery codes.

    These are stored as hashes alone. Raises WrongCode, also where the account is tied to a device already.
    """
    User.objects.select_for_update().get(pk=user.pk)  # one set-up at a time
    device = StaffDevice(user=user, name="app", key=sealed_key(key, user.pk))
    if StaffDevice.objects.filter(user=user).exists() or not device.verify_token(_typed(code)):
        raise WrongCode
    codes = [signs(RECOVERY_SIGNS) for _number in range(RECOVERY_CODES)]
    paper = StaticDevice.objects.create(user=user, name="recovery codes")
    StaticToken.objects.bulk_create(
        StaticToken(device=paper, token=_recovery_hashes(code)[0]) for code in codes
    )
    note_access(AccessEntry.What.CHANGE, user.get_username(), now, "own second factor", "set up")
    return device, codes


@transaction.atomic
def check_second_factor(user: User, code: str) -> Device | None:
    """What this code is from: the person's device or their recovery codes. Each code works once.

    After a wrong one none works for a second, after the next for two, then four, and so on.
    """
    typed = _typed(code)
    return _by_app(user, typed) if APP_CODE.fullmatch(typed) else _by_paper(user, typed)


def _by_app(user: User, typed: str) -> Device | None:
    device = StaffDevice.objects.select_for_update().filter(user=user).first()
    if device is None or not device.verify_token(typed):
        return None
    device.seal_anew()
    return device


def _by_paper(user: User, typed: str) -> Device | None:
    device = StaticDevice.objects.select_for_update().filter(user=user).first()
    if device is None:
        return None
    hashes = _recovery_hashes(typed)
    kept = StaticToken.objects.filter(device=device, token__in=hashes).values_list("token", flat=True).first()
    return device if device.verify_token(kept or hashes[0]) else None


def _typed(code: str) -> str:
    return code.upper().replace("-", "").replace(" ", "")


def _recovery_hashes(code: str) -> list[str]:
    """By each SECRET_KEY, the newest first; django-otp keeps 16 signs."""
    return [
        salted_hmac("triage.recovery", code, secret=secret, algorithm="sha256").hexdigest()[:16]
        for secret in known_secrets()
    ]


@transaction.atomic
def reset_second_factor(username: str, who: str, now: datetime) -> None:
    """Forget a person's device and recovery codes, which also ends their sessions. Raises User.DoesNotExist."""
    user = User.objects.select_for_update().get(username=username)
    for kind in (StaffDevice, StaticDevice):
        kind.objects.filter(user=user).delete()
    note_access(AccessEntry.What.CHANGE, who, now, f"user {username}"[:150], "second factor reset")

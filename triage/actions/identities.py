"""Accounts for whom a provider vouches (OpenID Connect): made when they first come, with the roles that it names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import count

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from triage.actions.access import note_access
from triage.models import AccessEntry, StaffIdentity

NO_NAME = re.compile(r"[^\w.@+-]")  # what Django lets no name have
LONGEST_NAME = 140  # with room for a number
TRIES = 3


class NotLetIn(Exception):
    """The provider knows them, and here they may not come in: `who`, if they have an account, and why."""

    def __init__(self, why: str, who: str = "") -> None:
        super().__init__(why)
        self.why, self.who = why, who


def let_in(issuer: str, subject: str, name: str, roles: Collection[str], now: datetime) -> User:
    """The account of this person, with these roles and no other. Raises NotLetIn.

    By `name` it is called when it is made, and never found: that somebody here has the same makes nobody theirs.
    """
    for left in reversed(range(TRIES)):
        try:
            user = _with_roles(issuer, subject, name, roles, now)
            break
        except IntegrityError:  # at this moment another tab made it, or somebody took the name
            if not left:
                raise
    if user is None:
        raise NotLetIn("no role")
    if not (user.is_active and user.is_staff):
        raise NotLetIn("disabled", user.get_username())
    if not roles:
        raise NotLetIn("no role", user.get_username())
    return user


@transaction.atomic
def _with_roles(issuer: str, subject: str, name: str, roles: Collection[str], now: datetime) -> User | None:
    known = StaffIdentity.objects.select_for_update(of=("self",)).select_related("user")
    identity = known.filter(issuer=issuer, subject=subject).first()
    if identity is None and not roles:
        return None
    user = identity.user if identity else _make(issuer, subject, name, now)
    _set_roles(user, roles, now)
    return user


def _make(issuer: str, subject: str, name: str, now: datetime) -> User:
    user = User.objects.create_user(_free(name), is_staff=True)
    StaffIdentity.objects.create(user=user, issuer=issuer, subject=subject)
    note_access(
        AccessEntry.What.CHANGE, user.get_username(), now, _about(user), f"made on signing in by {issuer}"
    )
    return user


def _free(name: str) -> str:
    return next(
        wanted for wanted in _in_turn(name) if not User.objects.filter(username__iexact=wanted).exists()
    )


def _in_turn(name: str) -> Iterator[str]:
    name = NO_NAME.sub("-", User.normalize_username(name))[:LONGEST_NAME] or "staff"
    yield name
    yield from (f"{name}+{number}" for number in count(2))


def _set_roles(user: User, roles: Collection[str], now: datetime) -> None:
    """Take away what the provider no longer says, which sessions that are open feel at their next page."""
    before, wanted = set(user.groups.values_list("name", flat=True)), set(roles)
    if before == wanted:
        return
    user.groups.set(Group.objects.filter(name__in=wanted))
    said = f"roles by the provider: {_listed(wanted)}; before: {_listed(before)}"
    note_access(AccessEntry.What.CHANGE, user.get_username(), now, _about(user), said)


def _listed(roles: Collection[str]) -> str:
    return ", ".join(sorted(roles)) or "none"


def _about(user: User) -> str:
    return f"user {user.get_username()}"[:150]

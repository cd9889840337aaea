"""A person and their rights come by one question, and are what Django finds by three."""

import random

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission, User

from triage.admin.rights import StaffBackend

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    """Sixty, drawn with all that may differ: dismissed, superuser, groups that share rights, rights of one's own."""
    dice = random.Random(1)
    there = list(Permission.objects.order_by("pk"))
    groups = [Group.objects.create(name=f"drawn {number}") for number in range(5)]
    for group in groups:
        group.permissions.set(dice.sample(there, dice.randrange(20)))
    for number in range(60):
        person = User.objects.create(
            username=f"drawn {number}", is_active=dice.random() < 0.8, is_superuser=dice.random() < 0.2
        )
        person.groups.set(dice.sample(groups, dice.randrange(4)))
        person.user_permissions.set(dice.sample(there, dice.choice([0, 0, 1, 10])))
    return [*User.objects.values_list("pk", flat=True), 0]  # and nobody


def told(backend, pk):
    """All that a backend says of somebody, in general and about a thing."""
    user = backend.get_user(pk)
    rights = [
        f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")
    ]
    return user and (
        user,
        [backend.get_user_permissions(user, about) for about in (None, user)],
        [backend.get_group_permissions(user, about) for about in (None, user)],
        [backend.get_all_permissions(user, about) for about in (None, user)],
        [
            backend.has_perm(user, right, about)
            for about in (None, user)
            for right in [*rights, "triage.none"]
        ],
        [backend.has_module_perms(user, label) for label in ("triage", "auth", "none")],
    )


def differing(backend, people):
    return [pk for pk in people if told(backend, pk) != told(ModelBackend(), pk)]


def test_of_anybody_it_says_what_django_says(people):
    assert differing(StaffBackend(), people) == []


class LetsTheDismissedIn(StaffBackend):
    def user_can_authenticate(self, user):
        return True


class ForgetsGroups(StaffBackend):
    def get_user(self, user_id):
        user = super().get_user(user_id)
        if user:
            user._group_perm_cache = set()
        return user


class MixesUpWhoseTheyAre(StaffBackend):
    def get_user(self, user_id):
        user = super().get_user(user_id)
        if user and not user.is_superuser:
            user._user_perm_cache, user._group_perm_cache = user._group_perm_cache, user._user_perm_cache
        return user


@pytest.mark.parametrize("backend", [LetsTheDismissedIn, ForgetsGroups, MixesUpWhoseTheyAre])
def test_one_that_says_something_else_is_noticed(people, backend):
    assert differing(backend(), people)


@pytest.mark.parametrize("backend, questions", [(StaffBackend(), 1), (ModelBackend(), 3)])
def test_it_asks_once(people, backend, questions, django_assert_num_queries):
    pk = User.objects.filter(is_active=True, is_superuser=False).earliest("pk").pk
    with django_assert_num_queries(questions):
        backend.has_perm(backend.get_user(pk), "triage.view_triagesession")


def test_who_was_not_asked_for_by_it_has_their_rights_all_the_same(people):
    """After a log-in the user comes from elsewhere."""
    for user in User.objects.all():
        assert StaffBackend().get_all_permissions(user) == ModelBackend().get_all_permissions(
            User.objects.get(pk=user.pk)
        )

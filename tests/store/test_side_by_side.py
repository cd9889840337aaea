"""While an upgrade is under way two versions use one database: a migration adds, and what it takes away, narrows or
renames it takes a release later (docs/adr/0038). What both do with one database is tried by `dev.py prove upgrade`."""

import sys

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from triage import __version__

# Before anybody was promised that two versions go beside each other.
BEFORE = "0023_fhir_base"
GONE = (
    migrations.RemoveField,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.DeleteModel,
    migrations.AlterModelTable,
    migrations.AddConstraint,  # what the version before goes on writing may not keep to it
    migrations.AlterUniqueTogether,
)


def in_turn():
    """Each of our migrations, with the tables as it finds them."""
    loader = MigrationLoader(None)
    state = ProjectState(real_apps=loader.unmigrated_apps)
    for key in loader.graph.leaf_nodes("triage"):
        for app, name in loader.graph.forwards_plan(key):
            migration = loader.disk_migrations[app, name]
            if app == "triage":
                yield name, migration, state
            migration.mutate_state(state, preserve=False)


def missed_by_the_version_before(migration, state):
    """What of a migration a program that reads and writes the tables as they were stumbles over."""
    state, new = state.clone(), set()
    for operation in migration.operations:
        model = getattr(operation, "model_name_lower", None)
        if isinstance(operation, migrations.CreateModel):
            new.add(operation.name_lower)
        elif model not in new:
            yield from (f"{operation.describe()}: {why}" for why in whys(operation, model, state))
        operation.state_forwards("triage", state)


def whys(operation, model, state):
    if isinstance(operation, GONE):
        yield "the version before goes on using what was there"
    elif isinstance(operation, migrations.AddField):
        yield from of_a_new_field(operation.field)
    elif isinstance(operation, migrations.AlterField):
        yield from of_another_field(state.models["triage", model].fields[operation.name], operation.field)


def of_a_new_field(field):
    filled = field.null or field.generated or field.many_to_many or has_db_default(field)
    if not filled:
        yield "the version before writes rows without it: give it a db_default, or null=True"
    elif field.unique and not field.null:
        yield "the version before writes the same value into each row"


def has_db_default(field):
    return field.db_default is not models.NOT_PROVIDED


def of_another_field(before, now):
    if before.get_internal_type() != now.get_internal_type() or before.db_column != now.db_column:
        yield "the version before reads and writes it as it was"
    if before.null and not now.null:
        yield "the version before writes rows without it"
    if has_db_default(before) and not has_db_default(now):
        yield "the version before lets the database fill it"
    if now.unique and not before.unique:
        yield "the version before may write the same twice"
    if (now.max_length or sys.maxsize) < (before.max_length or sys.maxsize):
        yield "the version before writes longer ones"


def number(version):
    return tuple(int(part) for part in version.split("."))


def faults(migration, state):
    said = getattr(migration, "contraction_due", "")  # the release in which nothing of the one before uses it
    for missed in missed_by_the_version_before(migration, state):
        if not said:
            yield f"{missed}; or, if no release uses it any more, say contraction_due = that release in its class"
        elif number(said) > number(__version__):
            yield f"{missed}; it is due in {said}, and this is {__version__}"


def test_the_version_before_goes_on_beside_each_new_migration():
    found = {name: list(faults(migration, state)) for name, migration, state in in_turn() if name > BEFORE}
    assert {name: said for name, said in found.items() if said} == {}


def test_the_rule_finds_those_of_before_it():
    found = {
        name[:4]
        for name, migration, state in in_turn()
        if name <= BEFORE and list(missed_by_the_version_before(migration, state))
    }
    assert found == {"0004", "0005", "0007", "0010", "0011", "0014"}


CLINIC = {"model_name": "clinic"}


def of(operations, **said):
    """A new migration of these."""
    return type("Migration", (migrations.Migration,), {"operations": operations, **said})(
        "9999_new", "triage"
    )


@pytest.fixture(scope="module")
def today():
    for _name, migration, state in in_turn():
        last = migration, state
    migration, state = last
    return migration.mutate_state(state)


@pytest.mark.parametrize(
    ("operation", "refused"),
    [
        (migrations.AddField(**CLINIC, name="x", field=models.CharField(max_length=9, default="")), True),
        (migrations.AddField(**CLINIC, name="x", field=models.CharField(max_length=9, db_default="")), False),
        (migrations.AddField(**CLINIC, name="x", field=models.DateField(null=True)), False),
        (migrations.AddField(**CLINIC, name="x", field=models.IntegerField(db_default=0, unique=True)), True),
        (migrations.RemoveField(**CLINIC, name="phone"), True),
        (migrations.RenameField(**CLINIC, old_name="phone", new_name="number"), True),
        (migrations.RenameModel("Clinic", "Practice"), True),
        (migrations.DeleteModel("Purge"), True),
        (migrations.AlterField(**CLINIC, name="phone", field=models.CharField(max_length=29)), True),
        (migrations.AlterField(**CLINIC, name="phone", field=models.CharField(max_length=31)), False),
        (migrations.AlterField(**CLINIC, name="phone", field=models.TextField()), True),
        (migrations.AlterField("triagesession", "submitted_at", models.DateTimeField()), True),
        (migrations.AlterField("clinic", "fhir_base", models.CharField(max_length=200)), True),
        (
            migrations.AddConstraint(
                "clinic", models.CheckConstraint(condition=models.Q(phone=""), name="no_phone")
            ),
            True,
        ),
        (migrations.AddIndex("clinic", models.Index(fields=["name"], name="clinic_by_name")), False),
        (migrations.CreateModel("New", fields=[("id", models.BigAutoField(primary_key=True))]), False),
    ],
    ids=lambda value: value.describe() if hasattr(value, "describe") else ("taken", "refused")[value],
)
def test_what_the_version_before_would_miss_is_refused(today, operation, refused):
    assert bool(list(faults(of([operation]), today))) == refused


def test_what_goes_says_in_which_release_and_not_before_it(today):
    gone = [migrations.RemoveField(**CLINIC, name="phone")]
    assert not list(faults(of(gone, contraction_due=__version__), today))
    assert "and this is" in next(faults(of(gone, contraction_due="99.0.0"), today))


def test_a_table_that_came_with_it_may_have_its_own_constraints(today):
    table = migrations.CreateModel("New", fields=[("id", models.BigAutoField(primary_key=True))])
    constraint = models.CheckConstraint(condition=models.Q(id__gt=0), name="positive")
    assert not list(faults(of([table, migrations.AddConstraint("new", constraint)]), today))

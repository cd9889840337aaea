"""docs/deploy.md names only what there is."""

import re

import pytest
from django.conf import settings
from django.core.management import get_commands

from triage.environment import VARIABLES

TEXT = (settings.BASE_DIR / "docs" / "deploy.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(re.findall(r"manage\.py ([a-z_]+)", TEXT))))
def test_a_command_exists(name):
    assert name in get_commands()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"^([A-Z_]+)=", TEXT, re.MULTILINE))))
def test_a_variable_is_read(name):
    assert name in {variable.name for variable in VARIABLES}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"Proof `([a-z-]+)`", TEXT))))
def test_a_proof_exists(name):
    assert (settings.BASE_DIR / "proofs" / f"{name.replace('-', '_')}.py").exists()

"""deploy/Containerfile and compose.yaml name only what there is, and every service is as locked in as its unit is.

That the image builds, serves and writes nowhere else is tried by `dev.py prove container`.
"""

import re
import shlex

import pytest
from django.conf import settings
from ruamel.yaml import YAML

from tests.server.test_deploy import COMMAND, UNITS, parsed
from triage import __version__
from triage.server.environment import FILES, VARIABLES

DEPLOY = settings.BASE_DIR / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
STAGES = {
    stage.split("\n")[0].split(" AS ")[1]: stage.replace("\\\n", "")
    for stage in re.split(r"^FROM ", CONTAINERFILE, flags=re.MULTILINE)[1:]
}
# The places that the image has for what is written, and what the system gives to each container.
PLACES = set(re.findall(r"(?<= )/(?:var|run)/[\w/]*footpath\b", STAGES["footpath"]))
LOCKED = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
# What the units run, by the service that does it here.
UNIT_OF = {name: f"footpath-{name}.service" for name in ("outbox", "purge", "backup", "verify")}


def services(text):
    return YAML(typ="safe").load(text)


def commands(text):
    return {name for name, _arguments in COMMAND.findall(text)}


def as_text(command):
    return " ".join(shlex.quote(word) if "\n" not in word else word for word in command)


def faults(compose):
    for name, service in compose["services"].items():
        yield from (f"{name}: not locked" for key, value in LOCKED.items() if service.get(key) != value)
        if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", service.get("user", "")):
            yield f"{name}: as root"
        if service["ulimits"].get("core") != 0:
            yield f"{name}: a core dump would hold answers"
        if bool(service.get("ports")) != (name == "proxy"):
            yield f"{name}: seen from outside, or not"
        if not (service.get("healthcheck") or name == "web"):  # whose image has one
            yield f"{name}: no health check"
        yield from (
            f"{name}: no restart" for _ in [0] if service["restart"] != "unless-stopped" and name != "set-up"
        )
        yield from of_its_secrets(name, service, compose)
        if service["image"].startswith("footpath"):
            yield from of_ours(name, service)
    if not compose["networks"]["inside"]["internal"] or compose["services"]["database"]["networks"] != [
        "inside"
    ]:
        yield "database: reached from outside"
    if "inside" in compose["services"]["proxy"]["networks"]:
        yield "proxy: reaches the database"


def of_its_secrets(name, service, compose):
    named = {
        value.removeprefix("/run/secrets/")
        for key, value in service.get("environment", {}).items()
        if "_FILE" in key
    }
    if named != set(service.get("secrets", [])) or not named <= compose["secrets"].keys():
        yield f"{name}: secrets"


def of_ours(name, service):
    target = service["image"].split(":")[0].removeprefix("footpath-")
    if service["image"].split(":")[1] != __version__:
        yield f"{name}: another version"
    if f"\nUSER {service['user']}\n" not in STAGES[target]:
        yield f"{name}: not the image's user"
    if target == "footpath":
        written = {volume.split(":")[1] for volume in service["volumes"]}
        yield from (f"{name}: writes to {place}" for place in sorted(written - PLACES))
        yield from (f"{name}: {key}" for key in service["environment"].keys() - FILES)


def test_every_service_is_locked_in_and_the_proxy_alone_is_seen():
    assert list(faults(services(COMPOSE))) == []
    assert len(services(COMPOSE)["services"]) == 8
    assert {"/var/lib/footpath", "/var/backups/footpath", "/run/footpath", "/var/www/footpath"} == PLACES


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("read_only: true", "read_only: false", "web: not locked"),
        ("cap_drop: [ALL]", "cap_drop: []", "database: not locked"),
        ("no-new-privileges:true", "no-new-privileges:false", "outbox: not locked"),
        ('user: "10001:10001"', 'user: "0:0"', "web: as root"),
        ('user: "10002:10002"', 'user: "10003:10003"', "proxy: not the image's user"),
        ("networks: [front]", "networks: [front, inside]", "proxy: reaches the database"),
        ("inside: {internal: true}", "inside: {internal: false}", "database: reached from outside"),
        ("stop_grace_period: 20s", 'ports: ["8000:8000"]', "web: seen from outside, or not"),
        ("backups:/var/backups/footpath:ro", "backups:/srv/footpath:ro", "verify: writes to /srv/footpath"),
        ("SECRET_KEY_FILE:", "SECRET_FILE:", "web: SECRET_FILE"),
        ("/run/secrets/note_keys", "/run/secrets/notes", "web: secrets"),
        (f"footpath-proxy:{__version__}", "footpath-proxy:0.1.0", "proxy: another version"),
    ],
)
def test_what_is_open_is_told(right, wrong, said):
    assert COMPOSE.count(right) == 1
    assert said in faults(services(COMPOSE.replace(right, wrong)))


def test_the_variables_exist():
    named = set(
        re.findall(r"^([A-Z_]+)=", (DEPLOY / "container.env").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert named <= {variable.name for variable in VARIABLES if not variable.secret}
    set_by_the_image = set(re.findall(r"\b([A-Z_]+_DIR)=", STAGES["footpath"]))
    assert set_by_the_image == {"DATA_DIR", "STATIC_DIR"}


def test_it_runs_what_the_units_run():
    composed = services(COMPOSE)["services"]
    for name, unit in UNIT_OF.items():
        assert commands(as_text(composed[name]["command"])) == commands(UNITS[unit]), name
    for service in composed.values():
        for name, arguments in COMMAND.findall(as_text(service.get("command", []))):
            parsed(name, arguments)
    served = UNITS["footpath.service"].split("ExecStart=")[1].split("\n")[0].split("/")[-1]
    assert served == "gunicorn triage.wsgi"
    assert as_text(composed["web"]["command"]).startswith(served)
    assert f'CMD {str(shlex.split(served)).replace(chr(39), chr(34))[:-1]}, "--bind"' in STAGES["footpath"]


def test_the_image_has_what_there_is_and_no_compiler():
    copied = re.findall(r"^COPY (?:--chmod=\d+ )?(?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    assert [name for line in copied for name in line.split() if not (settings.BASE_DIR / name).exists()] == []
    assert "--require-hashes --no-deps --only-binary :all: -r requirements/base.txt" in STAGES["packages"]
    installed = " ".join(re.findall(r"--no-install-recommends ([^&]+)", STAGES["footpath"] + STAGES["proxy"]))
    assert not re.search(r"gcc|build-essential|-dev\b|pip|venv", installed)


def test_every_part_of_the_program_is_in_it():
    copied = set(re.findall(r"^COPY ([a-z]+) \1$", CONTAINERFILE, re.MULTILINE))
    needed = {
        path.name
        for path in settings.BASE_DIR.iterdir()
        if path.is_dir() and not path.name.startswith((".", "_"))
    }
    assert needed - copied == {"requirements", "tests", "proofs", "benchmarks", "docs", "deploy"} | (
        {"var"} & needed
    )

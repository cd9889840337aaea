"""Several people's questions in one browser, in any number of tabs: a page acts on the session it was made for, or on
none. Random turns over HTTP, each held against what every session holds before and after it."""

import re
from collections import Counter
from datetime import timedelta
from random import Random
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.tabs import Tab
from tests.visitor import BACK, FOOT_ONLY, NOW, publish
from triage import actions
from triage.models import Answer, Invitation, TriageSession
from triage.patient import keeping, page
from triage.store import visit

pytestmark = pytest.mark.django_db
PEOPLE = (FOOT_ONLY, BACK, FOOT_ONLY | {"safety-now": ["cold-limb"]}, BACK | {"age": "under-16"})
LETTERS = 3
MOST_TABS = 5
A_DAY = 60  # turns in one browser
SAYS_CODE = re.compile(r'<p class="code"><strong>([^<]+)</strong>')
WRITTEN = re.compile(r"written on a page of ([\w-]+)")
# What opening a session changes of it.
OPENED = {"key_hash", "former_key_hash", "reopened_at", "language", "kept_open_until"}
# What stands on its pages and is no answer.
UNSENT = {"drafts", "contact", "refused"}
# Where it stands on the clinic's list: what one person sends twice, or many from one place, shares a row.
LINED_UP = {"behind_id", "crowded", "turn"}
# Where a page leads that was made for other questions than those that are open.
NOWHERE = {"not-open", "expired", "elsewhere", "home"}
PLACES = ("/", "/go-on/", "/check/", "/result/", "/return/", "/how-it-works/")


class Day:
    """One browser, some letters, and whoever else begins in it. Each note says on whose page it was written."""

    def __init__(self, random, who, turns, of_others):
        self.random, self.turns, self.of_others, self.now = random, turns, of_others, NOW
        self.client = Client()
        self.tabs = [Tab(self.client)]
        newest = TriageSession.objects.order_by("pk").last()
        self.sessions = TriageSession.objects.filter(pk__gt=newest.pk if newest else 0)
        known = Invitation.objects.count()
        wanted = [
            {"label": f"P. {known + number}", "appointment_at": NOW + timedelta(days=2), "language": "en"}
            for number in range(LETTERS)
        ]
        self.codes = [code for _invitation, code in actions.invite(wanted, who, NOW)]

    def tell_time(self):
        return self.now

    def spend(self):
        """The letters are opened, one after the other; then whatever comes."""
        acts = [self.press, self.go_along, self.write, self.open_a_code, self.start, self.time_is_up]
        acts += [self.open_tab, self.reload, self.wait]
        with mock.patch("django.utils.timezone.now", new=self.tell_time):
            self.tabs[0].open("/")
            for code in self.codes[:LETTERS]:
                self.tabs.append(Tab(self.client))
                self.open_a_code(self.tabs[-1], code)
                self.go_along(self.tabs[-1])
            for act in self.random.choices(acts, weights=[12, 4, 4, 6, 1, 3, 1, 1, 1], k=A_DAY):
                act(self.random.choice(self.tabs))
                self.every_word_stays_where_it_was_written()

    # What every turn is held against

    def stored(self):
        """Everything of every session of this day."""
        rows = {
            row["id"]: {name: row[name] for name in row if name not in LINED_UP} | {"answers": {}}
            for row in self.sessions.values()
        }
        for answer in Answer.objects.filter(session__in=rows).values():
            rows[answer["session_id"]]["answers"][answer["item"]] = answer
        return rows

    def key(self):
        held = self.client.cookies.get("visit")
        return held.value if held else ""

    def here(self):
        """The session that is open in this browser."""
        found = visit.find(self.key(), "en")
        return found if found and not found.expired(self.now) else None

    def owner(self, tab):
        return visit.stamped(tab.page.stamp, "en") if tab.page.stamp else None

    def turn(self, name, tab, act):
        """Do it, and see that it changes nothing that is not of the session whose page this tab shows."""
        self.turns[name] += 1
        self.now += timedelta(seconds=7)
        here, owner, key = self.here(), self.owner(tab), self.key()
        stamped, items, before = bool(tab.page.stamp), {*tab.page.form_of}, self.stored()
        act()
        after = self.stored()
        deleted = before.keys() - after.keys()  # whoever leaves may take along what is not sent
        assert deleted <= ({owner.pk} if owner and here and owner.pk == here.pk else set()), tab.path
        changed = {
            pk: differences(before[pk], row) for pk, row in after.items() if row != before.get(pk, row)
        }
        own = changed.pop(owner.pk, set()) if owner else set()
        if owner and here and owner.pk == here.pk:
            # Of others, a correction of its own is taken up again.
            assert all(after[pk]["corrects_id"] == owner.pk for pk in changed), changed
            assert all(names <= OPENED for names in changed.values()), changed
        else:
            assert changed == {}
            assert after.keys() == before.keys()
            assert own <= {"drafts", "contact"}
            if own:
                old, new = (rows[owner.pk]["drafts"] or {} for rows in (before, after))
                assert {item for item in {*old, *new} if old.get(item) != new.get(item)} <= items
        if stamped and not (owner and here and owner.pk == here.pk):
            self.of_others[tab.name] += 1
            assert tab.name in NOWHERE or tab.status == 409, tab.path
            if here:
                assert self.key() == key
                assert tab.page.stamp in ("", here.stamp) or tab.status == 409

    def opening(self, name, act):
        """A form that opens questions, new or old, changes only which browser has them."""
        self.turns[name] += 1
        self.now += timedelta(seconds=7)
        before = self.stored()
        act()
        after = self.stored()
        changed = {pk: differences(row, after[pk]) for pk, row in before.items() if row != after[pk]}
        assert len(changed) + len(after) - len(before) <= 1, changed
        for pk, names in changed.items():
            untouched = not after[pk]["answers"]  # it is handed on, and what stood on its page with it goes
            emptied = {name for name in UNSENT if untouched and not after[pk][name]}
            assert names <= OPENED | emptied, (pk, names)

    def every_word_stays_where_it_was_written(self):
        for session in self.sessions:
            own, corrected = {session.reference}, session.corrects
            while corrected:
                own, corrected = own | {corrected.reference}, corrected.corrects
            notes = list(session.answers.filter(item="note").values_list("given", flat=True))
            assert {*WRITTEN.findall(f"{notes} {session.drafts} {session.contact} {session.record}")} <= own

    # The turns

    def open_tab(self, _tab):
        self.turns["new tab"] += 1
        if len(self.tabs) == MOST_TABS:
            self.tabs.pop(self.random.randrange(MOST_TABS))
        self.tabs.append(Tab(self.client))
        self.tabs[-1].open(self.random.choice(PLACES))

    def reload(self, tab):
        self.turns["reload"] += 1
        before = self.stored()
        tab.open(tab.path)
        assert self.stored() == before

    def open_a_code(self, tab, code=""):
        """A letter, or a code that was saved: its session is now the one that is open here."""
        tab.open(reverse("return"))
        tab.fill_in({"code": code or self.random.choice(self.codes)})
        self.opening("code", lambda: tab.press(tab.onward()))

    def start(self, tab):
        tab.open("/")
        starts = [button for button in tab.page.buttons if tab.leads_to(button) == reverse("start")]
        if starts:
            self.opening("start", lambda: tab.press(starts[0]))

    def fill_in(self, tab, well=False):
        """As one of them; or as somebody who ticks everything and writes too much, or nothing."""
        owner, person = self.owner(tab), self.random.choice(PEOPLE[:2] if well else PEOPLE)
        how = "well" if well else self.random.choice(["well", "well", "too much", "not at all"])
        note = f"written on a page of {owner.reference if owner else 'nobody'}"
        for name, codes in tab.page.choices.items():
            given = {"well": person.get(name, codes[0]), "too much": codes, "not at all": []}
            tab.fill_in({name: given[how]})
        for name in tab.page.texts:
            texts = {"well": note, "too much": f"{note} {'.' * 2000}", "not at all": ""}
            tab.fill_in({name: texts[how]})

    def go_along(self, tab):
        """A few pages, as by somebody who is not interrupted."""
        for _page in range(self.random.choice([3, 20])):
            if tab.name in ("question", "emergency", "check"):
                self.fill_in(tab, well=True)
                self.turn("along", tab, lambda: tab.press(tab.onward()))

    def press(self, tab):
        """Any button, with the page filled in or not."""
        if not tab.page.buttons:
            return
        seldom = {reverse("leave"): 0.3, reverse("language"): 0.5}
        weights = [seldom.get(tab.leads_to(button), 1) for button in tab.page.buttons]
        (button,) = self.random.choices(tab.page.buttons, weights)
        self.fill_in(tab)
        if tab.leads_to(button) in (reverse("start"), reverse("return")):
            self.opening("any that opens", lambda: tab.press(button))
        else:
            self.turn(f"any, to {tab.leads_to(button)}", tab, lambda: tab.press(button))
        self.codes += SAYS_CODE.findall(tab.page.text)[:1]

    def write(self, tab):
        """What the script sends while a page is filled in. The tab stays where it is, or is led away."""
        if not tab.page.stamp:
            return
        self.fill_in(tab)
        script = Tab(self.client, tab.path, page=tab.page, filled=tab.filled)
        owner, here = self.owner(tab), self.here()
        open_here = owner and here and owner.pk == here.pk
        send = self.client.post if open_here else script.send
        self.turn("kept", script, lambda: send(reverse("stay"), tab.data()))

    def time_is_up(self, tab):
        """The script's clock has run out."""
        if tab.page.stamp:
            whose = {"stamp": tab.page.stamp}
            self.turn("time is up", tab, lambda: tab.send(reverse("go-on"), whose))

    def wait(self, _tab):
        self.turns["wait"] += 1
        self.now += timedelta(minutes=self.random.choice([1, 10, 10, 31]))


def differences(before, after):
    return {name for name in after if before[name] != after[name]}


def spend_days(random, turns_wanted, progress=lambda done: None):
    """So many turns: how many of each kind; and of those on a page of other questions, where they led."""
    publish()
    who, _created = User.objects.get_or_create(username="manager")
    turns, of_others = Counter(), Counter()
    while turns.total() < turns_wanted:
        Day(random, who, turns, of_others).spend()
        progress(turns.total())
    return turns, of_others


def test_whose_page(db, proof):
    wanted = proof.size(short=400, long=20_000)
    turns, of_others = spend_days(proof.random, wanted, lambda done: proof.progress(done, wanted))
    proof.counted(
        turns=turns.total(),
        of_others=of_others.total(),
        led_to=dict(of_others),
        sessions=TriageSession.objects.count(),
        handed_in=TriageSession.objects.filter(submitted_at__isnull=False).count(),
        by=dict(turns),
    )
    assert of_others.total() > wanted / 10


# That it would tell


def everything_is_of_what_is_open(request, found):
    return found is not None


def drafts_become_answers(request, of):
    keeping.keep_page(request, of)
    return False


@pytest.mark.parametrize(
    ("place", "name", "fault"),
    [
        (page, "made_for", everything_is_of_what_is_open),
        (page, "keep_as_draft", drafts_become_answers),
    ],
)
def test_a_page_that_acts_on_another_session_is_told(db, monkeypatch, place, name, fault):
    monkeypatch.setattr(place, name, fault)
    with pytest.raises(AssertionError):
        spend_days(Random(1), 2000)

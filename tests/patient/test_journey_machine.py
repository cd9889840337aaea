"""Random journeys over HTTP, every turn held against a model: nobody gets lost, nothing is lost, no result changes."""

import copy
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from unittest import mock

import hypothesis.strategies as st
import pytest
from django.urls import reverse
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from tests.store.test_storage import reworded
from tests.visitor import BACK, FOOT_ONLY, Browser, publish, shipped_trees, shown
from triage import actions
from triage.domain import flags
from triage.domain.decision import decide
from triage.domain.loading import load
from triage.domain.walk import in_order, next_screen, open_screens, walk
from triage.domain.wording import worded
from triage.models import Answer, Release, ReleaseStep, TriageSession
from triage.patient import page
from triage.store import examination, releases, visit, words

pytestmark = pytest.mark.django_db
record_answers = actions.record_answers
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PAGES = (
    "home",
    "go-on",
    "emergency",
    "under-16",
    "check",
    "result",
    "start",
    "submit",
    "leave",
    "start-again",
    "not-open",
    "how",
    "left",
)
TABS = st.sampled_from(["first", "second"])
RARELY = st.sampled_from([False, False, False, True])
INVALID = st.sampled_from(["", "no-such-code", "\x00", "none\u200b", "x" * 1001, "../", "\ufffd"])
ASKING = ("/leave/", "/start-again/", "/not-open/")  # pages that lead on by what is chosen there
FREE = ("/", "/how-it-works/", "/left/")  # pages that are open to everybody at any time
NOTES = st.sampled_from(["", "A note.", "  ", "dos\r\nlíneas", "=cmd|", "{{7*7}}", "e\u0301"])


class Journey(RuleBasedStateMachine):
    """One browser with two tabs. The model is what the browser was told it stored: answers, times, result."""

    trees = ()  # the contents of two releases, between which the clinic changes
    turns = Counter()

    def __init__(self):
        super().__init__()
        self.now = START
        self.clock = mock.patch("django.utils.timezone.now", new=self.tell_time)
        self.clock.start()
        self.client = Browser()
        self.language = "en"
        self.tabs = {"first": "/", "second": "/"}
        self.sent = []  # what was posted before, with the answers it holds
        self.forget()

    def teardown(self):
        self.clock.stop()

    def tell_time(self):
        return self.now

    def forget(self):
        """The browser has no session any more."""
        self.session, self.answers, self.times, self.main = None, {}, {}, ""
        self.signs = set()  # every danger sign it was told
        self.drafts = {}  # what stands on a page and is no answer
        self.refused = ""  # the screen whose answers were not all taken, until others are

    # The model

    @property
    def content(self):
        return releases.content(self.session.release.sha256, self.language)

    @property
    def walked(self):
        return walk(self.content, self.answers)

    def expired(self):
        begun = [self.session.started_at, self.opened_at]  # not always the same: untouched, it is used again
        last = max([*begun, *self.times.values(), *([self.submitted_at] if self.main else [])])
        return self.now - last > visit.IDLE or self.now - self.opened_at > visit.LONGEST

    def position(self):
        if self.main:
            return reverse("result")
        if self.walked.exit:
            return reverse("under-16")
        screen = next_screen(self.content, self.walked) or self.unfinished()
        return reverse("question", args=[screen.key]) if screen else reverse("check")

    def onward(self, before, screen):
        """Where good answers lead: to old ones that count again; after a change back to its row; else where one is."""
        for key in self.walked.asked:
            if key in self.answers and key not in before.walked.asked:
                return reverse("question", args=[self.content.screen_of[key].key]) + "?before"
        position = self.position()
        if before.walked.complete and position == reverse("check"):
            asked = [item.key for item in before.walked.asks(screen)]
            changed = (key for key in asked if before.answers.get(key) != self.answers.get(key))
            return f"{position}#row-{next(changed, asked[0])}"
        return position

    def unfinished(self):
        screens = open_screens(self.content, self.walked)
        kept = [
            screen for screen in screens if {item.key for item in self.walked.asks(screen)} & {*self.drafts}
        ]
        return kept[0] if kept else None

    def lost(self):
        """Where a browser is led that has no session to go on with; None for one that has."""
        if self.session is None:
            return reverse("home")
        return reverse("expired") if self.expired() else None

    def emergencies(self):
        decided = decide(self.content, self.walked)
        return {rule.id for rule in decided.deciding_rules} if decided.urgency == "emergency" else set()

    def stored(self, screen, given):
        """The answers that a post of that screen adds, and what of it is none. What it closes counts for neither."""
        asked = {item.key: read(item, given.get(item.key)) for item in self.walked.asks(screen)}
        others = {key: codes for key, codes in self.answers.items() if key not in asked}
        good = {key: codes for key, codes in asked.items() if codes is not None}
        still = walk(self.content, {**others, **good}).asked
        bad = [key for key, codes in asked.items() if codes is None and key in still]
        return {key: codes for key, codes in good.items() if key in still}, bad

    # What the browser does

    def turn(self, name):
        self.turns[name] += 1
        self.now += timedelta(seconds=7)

    def get(self, tab, path):
        answer = self.client.get(path)
        for _redirect in range(5):
            assert answer.status_code < 500, path
            if answer.status_code != 302:
                break
            path = answer["Location"]
            answer = self.client.get(path)
        self.tabs[tab] = path
        return answer

    def shown(self, tab, path):
        """Open a page of the journey; it is the one the model expects, and shows what is stored."""
        page = self.get(tab, path)
        if page.resolver_match.url_name == "question":
            assert page.status_code == 200
            self.shows_answers(page)
        if page.resolver_match.url_name == "result":
            main = words.main_of(page.content.decode())
            self.main = self.main or main
            assert main == self.main
        return page

    def shows_answers(self, page):
        form, screen = page.context["form"], page.context["screen"]
        assert [item.key for item in form.items] == [item.key for item in self.walked.asks(screen)]
        assert form.is_bound == bool(form.errors) == (screen.key == self.refused)
        given = shown(page)
        for item in form.items:
            answer = self.drafts.get(item.key, self.answers.get(item.key, ()))
            if item.kind == "text":
                assert given[item.key] == "".join(answer)
            else:
                assert given.get(item.key, []) == list(answer)
            assert item.text == worded(self.content, self.content.items[item.key], self.walked.facts).text

    def post_answers(self, tab, path, given):
        """Send a screen's answers, from wherever they come."""
        before = self.lost()
        answer = self.client.post(path, {key: codes for key, codes in given.items() if codes is not None})
        assert answer.status_code == 302
        if before:
            assert answer["Location"] == before
            self.forget()
            return
        screen = self.content.screen_by_key[path.split("/")[2]]
        if self.main or screen not in open_screens(self.content, self.walked):
            assert answer["Location"] == self.position()
            return
        (stored, bad), emergencies = self.stored(screen, given), self.emergencies()
        before = copy.copy(self)
        before.answers = dict(self.answers)
        for item in self.walked.asks(screen):
            self.drafts.pop(item.key, None)
        if bad:
            stored = {key: codes for key, codes in stored.items() if codes != self.answers.get(key, ())}
            sent = {key: as_kept(self.content.items[key], given.get(key)) for key in bad}
            self.drafts |= {key: codes for key, codes in sent.items() if codes or self.answers.get(key)}
        self.refused = screen.key if bad else ""
        self.answers |= stored
        self.signs |= {*stored.get("safety-now", ())} - {"none"}
        self.times |= dict.fromkeys(stored, self.now)
        new = self.emergencies() - emergencies
        onward = reverse("question", args=[screen.key]) if bad else self.onward(before, screen)
        assert answer["Location"] == (reverse("emergency") if new else onward)
        if bad and not new:
            self.shown(tab, path)
        self.tabs[tab] = answer["Location"]

    # The turns

    @initialize()
    def arrive(self):
        self.start("first")

    @rule(tab=TABS, midway=RARELY)
    def start(self, tab, midway=False):
        self.turn("start")
        if self.answers and not self.main and not midway:
            return
        if self.answers and not self.lost():
            assert self.client.post(reverse("start"))["Location"] == reverse("start-again")
        answer = self.client.post(reverse("start"), {"now": ""})
        self.forget()
        self.session, self.opened_at = TriageSession.objects.select_related("release").latest("pk"), self.now
        self.tabs[tab] = answer["Location"]
        assert answer["Location"] == self.position()

    def answer_next(self, tab, choose):
        """Answer the page that comes next, or the one the tab shows, with what `choose` gives for each item."""
        path = self.tabs[tab]
        if self.session and not self.lost() and not path.startswith("/questions/"):
            self.shown(tab, reverse("go-on"))
            path = self.tabs[tab]
        if not self.session or not path.startswith("/questions/"):
            return
        screen = self.content.screen_by_key[path.split("/")[2]]
        given = {item.key: choose(item) for item in self.walked.asks(screen)}
        self.sent.append((path, given))
        self.post_answers(tab, path, given)

    @rule(tab=TABS, person=st.sampled_from([FOOT_ONLY, BACK]))
    def answer(self, tab, person):
        self.turn("answer")
        self.answer_next(tab, lambda item: person[item.key])

    @rule(person=st.sampled_from([FOOT_ONLY, BACK]))
    def answer_many(self, person):
        for _screen in range(5):
            self.answer("first", person)

    @rule(tab=TABS, data=st.data())
    def answer_anything(self, tab, data):
        self.turn("answer anything")
        self.answer_next(tab, lambda item: data.draw(codes_of(item)))

    @rule(tab=TABS, data=st.data())
    def change(self, tab, data):
        """Give another answer to what was answered before, from its own page."""
        self.turn("change")
        if not self.session or self.lost() or self.main:
            return
        screens = [
            (screen, asked)
            for screen in open_screens(self.content, self.walked)
            if (asked := self.walked.asks(screen)) and self.answers.keys() & {item.key for item in asked}
        ]
        if screens:
            screen, asked = data.draw(st.sampled_from(screens))
            self.open(tab, path := reverse("question", args=[screen.key]))
            other = data.draw(st.sampled_from(asked))
            kept = {item.key: self.answers[item.key] for item in asked if item.key in self.answers}
            self.sent.append((path, given := kept | {other.key: data.draw(codes_of(other))}))
            self.post_answers(tab, path, given)

    @rule(tab=TABS)
    def take_back_a_sign(self, tab):
        self.turn("take back")
        if not self.session or self.lost() or self.main:
            return
        screen = self.content.screen_by_key["safety-now"]
        for codes in (["cold-limb"], ["none"]):
            if screen in open_screens(self.content, self.walked):
                path = reverse("question", args=[screen.key])
                self.open(tab, path)
                self.post_answers(tab, path, {"safety-now": codes})

    @rule(data=st.data())
    def answer_invalid(self, data):
        self.turn("answer invalid")
        self.answer_next("first", lambda item: data.draw(INVALID))

    @rule(tab=TABS, data=st.data())
    def go_back(self, tab, data):
        """To any screen of the path, as Back, the check page or the browser's history lead there."""
        self.turn("back")
        if self.session and (screens := open_screens(self.content, self.walked)):
            self.open(tab, reverse("question", args=[data.draw(st.sampled_from(screens)).key]))

    @rule(tab=TABS, data=st.data())
    def old_bookmark(self, tab, data):
        self.turn("bookmark")
        screens = load(self.trees[0]).screens
        paths = [reverse(name) for name in PAGES] + [
            reverse("question", args=[screen.key]) for screen in screens
        ]
        self.open(tab, data.draw(st.sampled_from(paths)))

    def open(self, tab, path):
        """A page of the journey shows where the person may be; any other leads there, or stays what it is."""
        before = self.lost() if path not in FREE else None
        page = self.shown(tab, path)
        if path in FREE:
            assert page.status_code == 200
        elif before:
            assert self.tabs[tab] == before
            self.forget()
        elif self.tabs[tab] != path:
            assert self.tabs[tab] == self.position()
        elif path.startswith("/questions/"):
            assert page.context["screen"] in open_screens(self.content, self.walked)
        elif path == reverse("emergency"):
            assert self.emergencies()
        elif path in ASKING:
            assert page.status_code == 200
        else:
            assert path == self.position()

    @precondition(lambda self: self.sent)
    @rule(tab=TABS, data=st.data())
    def replay(self, tab, data):
        """An old post is sent again: reload, a second tap, a page that had been kept open."""
        self.turn("replay")
        self.post_answers(tab, *data.draw(st.sampled_from(self.sent)))

    @rule(tab=TABS, times=st.integers(1, 3))
    def submit(self, tab, times):
        for _tap in range(times):
            self.turn("submit")
            before = self.lost()
            complete = self.session and self.walked.complete and not self.unfinished()
            answer = self.client.post(reverse("submit"))
            if before:
                assert answer["Location"] == before
                self.forget()
            elif self.main:
                assert answer["Location"] == reverse("result")
            elif not complete:
                assert answer["Location"] == self.position()
            else:
                assert answer["Location"] == reverse("result")
                self.frozen = TriageSession.objects.values().get(pk=self.session.pk)
                self.submitted_at = self.frozen["submitted_at"]
                self.shown(tab, reverse("result"))

    @rule(code=st.sampled_from(["en", "es"]), tab=TABS)
    def change_language(self, code, tab):
        self.turn("language")
        path, lost = self.tabs[tab], self.session and self.lost()
        answer = self.client.post(reverse("language"), {"language": code, "next": path})
        assert answer["Location"] == lost or path
        if lost:
            self.forget()
        else:
            self.language = code

    @rule(really=RARELY)
    def leave(self, really):
        self.turn("leave")
        lost = self.lost()
        assert self.client.post(reverse("leave"))["Location"] == lost or reverse("leave")
        if lost:
            self.forget()
        elif really:
            assert self.client.post(reverse("leave"), {"now": ""})["Location"] == reverse("left")
            self.forget()

    @rule(which=st.sampled_from([0, 1]))
    def new_release(self, which):
        self.turn("release")
        sha256 = releases.sha256(releases.canonical(self.trees[which]))
        step = ReleaseStep(at=self.now, alone=ReleaseStep.Alone.SERVER)
        actions.content._make_current(Release.objects.get(sha256=sha256), step)

    @rule(wait=st.sampled_from([1, 20 * 60, visit.IDLE.seconds - 7]))
    def wait(self, wait):
        self.turn("wait")
        self.now += timedelta(seconds=wait)

    @rule(wait=st.sampled_from([visit.IDLE.seconds + 1, 13 * 3600]), really=RARELY)
    def expire(self, wait, really):
        self.turn("expire")
        self.now += timedelta(seconds=wait if really else 0)

    @rule(jump=st.sampled_from([timedelta(days=-1), timedelta(hours=-1), timedelta(seconds=-30)]))
    def clock_set_back(self, jump):
        self.turn("clock set back")
        self.now += jump

    # What always holds

    @invariant()
    def what_is_stored_is_what_was_accepted(self):
        if self.session is None:
            return
        rows = (
            Answer.objects.filter(session=self.session)
            .order_by("sequence")
            .values_list("item", "given", "sequence")
        )
        assert {item: tuple(given) for item, given, _sequence in rows} == self.answers
        assert len({sequence for _item, _given, sequence in rows}) == len(rows)

    @invariant()
    def a_danger_sign_stays_known_to_the_clinic(self):
        if self.session and self.signs:
            row = Answer.objects.get(session=self.session, item="safety-now")
            assert self.signs - {"not-sure"} <= {*row.given, *row.taken_back}

    @invariant()
    def a_result_never_changes(self):
        if self.session and self.main:
            assert TriageSession.objects.values().get(pk=self.session.pk) == self.frozen
            record = json.loads(self.frozen["record"])
            decided = decide(self.content, self.walked)
            assert record["result"]["urgency"] == decided.urgency
            assert {row["item"]: tuple(row["given"]) for row in record["answers"]} == self.answers


def read(item, sent):
    """What an item takes from what was sent; None where it cannot take it."""
    codes = [sent] if isinstance(sent, str) else list(sent or ())
    if item.kind == "text":
        text = codes[0].replace("\r\n", "\n").strip() if codes else ""
        text = text.replace("e\u0301", "\u00e9")
        bad = len(text) > item.max_length or set(text) & {"\x00", "\ufffd"}
        return None if bad else (text,) if text else ()
    alone = item.exclusive.intersection(codes) and len(set(codes)) > 1
    if not codes or not item.codes.issuperset(codes) or alone:
        return None
    return in_order(item, codes)


def as_kept(item, sent):
    """What is kept of what an item could not take."""
    codes = [sent] if isinstance(sent, str) else list(sent or ())
    if item.kind == "text":
        return [text.replace("\x00", "\ufffd") for text in codes if text]
    return [option.code for option in item.options if option.code in codes]


def codes_of(item):
    if item.kind == "text":
        return NOTES
    codes = st.sampled_from([option.code for option in item.options])
    return codes if item.takes_one else st.lists(codes, min_size=1, max_size=3, unique=True)


def prepared():
    """Two releases, of which the first is current."""
    second = copy.deepcopy(dict(shipped_trees()))
    reworded(second)
    with mock.patch.object(examination, "broken_properties", return_value=()):  # its wording alone differs
        actions.publish(second, START)
    publish()
    return shipped_trees(), second


def wander(examples, steps, number, phases=tuple(Phase)):
    """Run that many journeys; the turns they took."""
    machine = type("Turns", (Journey,), {"trees": prepared(), "turns": Counter()})
    quick = settings(
        max_examples=examples,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
        derandomize=False,
        report_multiple_bugs=False,
        phases=phases,
    )
    run_machine(seed(number)(machine), settings=quick)
    return machine.turns


def test_journey_machine(db, proof):
    examples, steps = proof.size(short=(10, 40), long=(340, 60))
    turns = wander(examples, steps, proof.seed)
    proof.counted(turns=turns.total(), by=dict(turns))
    assert turns.total() >= proof.size(short=100, long=20_000)


# That it would tell


def a_change_is_not_kept(visit, given, *others):
    """As if the first answer to a question stood for good."""
    new = {key: codes for key, codes in given.items() if key not in visit.answers}
    return record_answers(visit, new, *others)


def what_was_refused_is_dropped(visit, given, now, drafts, *others):
    return record_answers(visit, given, now, {}, *others)


def what_was_taken_back_is_forgotten(content, before, given, after):
    return {}


def everybody_is_at_the_check_page(open_visit):
    return reverse("check")


@pytest.mark.parametrize(
    "place, name, fault",
    [
        (actions, "record_answers", a_change_is_not_kept),
        (actions, "record_answers", what_was_refused_is_dropped),
        (flags, "taken_back", what_was_taken_back_is_forgotten),
        (page, "position", everybody_is_at_the_check_page),
        (visit.Visit, "expired", lambda open_visit, now: False),
    ],
)
@pytest.mark.alike("the machine itself runs on both; whether it sees a planted fault is its own")
def test_a_fault_is_told(db, monkeypatch, place, name, fault):
    monkeypatch.setattr(place, name, fault)
    with pytest.raises(AssertionError):
        wander(40, 40, 1, phases=(Phase.generate,))

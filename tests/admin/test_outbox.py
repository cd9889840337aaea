"""The mail that tells the clinic: with what is urgent, through a real mail server, and with no answer in it."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.letterbox import ADDRESS, SECOND, left, minutes, tell
from tests.staff import EMERGENCY, ROUTINE, SAME_DAY, State, given, step, submitted
from tests.visitor import BACK, NOW, Patient, publish
from triage import actions
from triage.domain.walk import read_answers
from triage.models import Clinic, OutboxMail, TriageSession
from triage.store import outbox, releases

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


# Which submissions


@pytest.mark.parametrize(
    "about, told", [("nothing", 0), ("emergency", 1), ("urgent", 2)], ids=["off", "emergency", "urgent"]
)
def test_the_clinic_is_told_of_what_it_wants_to_be_told_of(about, told):
    tell(about)
    for answers in (ROUTINE, SAME_DAY, EMERGENCY):
        submitted(answers)
    assert OutboxMail.objects.count() == told


def test_it_is_off_until_somebody_turns_it_on():
    submitted(EMERGENCY)
    assert not OutboxMail.objects.exists()


def test_an_emergency_sign_that_was_taken_back_is_told_too():
    tell("emergency")
    patient = Patient(ROUTINE)
    patient.go_on(patient.start())
    TriageSession.objects.update(emergency_at=timezone.now())  # as such a sign leaves it
    patient.submit()
    assert OutboxMail.objects.get().session.urgency == TriageSession.Urgency.ROUTINE


def test_demo_submissions_are_not_told_of():
    tell()
    submitted(EMERGENCY, demo=True)
    assert not OutboxMail.objects.exists()


def test_handing_in_twice_tells_once():
    tell()
    _session, key = actions.start_session("en", NOW)
    content = releases.content(releases.current().sha256, "en")
    filled = actions.fill_in(key, content.screens, read_answers(content, EMERGENCY), "en", NOW)
    for _time in range(2):
        actions.submit(filled, NOW)
    assert OutboxMail.objects.count() == 1


def test_the_mail_is_part_of_the_submission(monkeypatch):
    """Where it cannot be put into the outbox, nothing is handed in; there is no urgent one that nobody hears of."""
    tell()
    monkeypatch.setattr(OutboxMail.objects, "bulk_create", lambda mails, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        submitted(EMERGENCY)
    assert not TriageSession.objects.filter(submitted_at__isnull=False).exists()


def test_a_patient_waits_for_no_mail_server(settings, monkeypatch):
    tell()
    monkeypatch.setattr("smtplib.SMTP", lambda *args, **options: 1 / 0)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert Patient(SAME_DAY).whole().resolver_match.url_name == "result"
    assert OutboxMail.objects.get().tries == 0


# What it says


def test_it_is_delivered_with_reference_and_link_and_no_answer(letterbox):
    tell()
    session = submitted(EMERGENCY)
    assert actions.send_due(NOW) == (1, 0)
    (letter,) = letterbox.letters
    assert (letter["To"], letter["From"]) == (ADDRESS, "footpath@clinic.example")
    assert letter["Auto-Submitted"] == "auto-generated"
    words = letter.get_content()
    assert session.reference in words
    assert page_of(session) in words
    whole = letter.as_string().lower()
    for secret in ("numb", "saddle", "leg", "foot pain", "back", "monday"):
        assert secret not in whole.replace("footpath", ""), secret


def page_of(session):
    return f"https://footpath.example.org/admin/triage/triagesession/{session.pk}/change/"


def test_two_mails_of_one_urgency_differ_in_nothing_but_the_reference_and_link(port):
    tell()
    first, second = plain(submitted(EMERGENCY)), plain(submitted(WEAK_LEG))
    assert first == second
    assert first != plain(submitted(SAME_DAY))


WEAK_LEG = BACK | {"safety-now": ["cold-limb"]}


def plain(session):
    message = outbox.message([session.told_by.get()])
    return re.sub(r"\d unseen", "", message.subject), message.body.replace(session.reference, "").replace(
        f"/{session.pk}/", ""
    )


def test_the_subject_tells_an_emergency_from_a_same_day_need_and_counts_what_nobody_has_seen(letterbox):
    tell()
    seen = submitted(EMERGENCY)
    step(seen, staff_user(), State.ACKNOWLEDGED)
    now = NOW
    for answers, subject in (
        (EMERGENCY, "Footpath: emergency (1 unseen)"),
        (SAME_DAY, "Footpath: same day (1 unseen)"),
        (EMERGENCY, "Footpath: emergency (2 unseen)"),
    ):
        submitted(answers)
        now += timedelta(minutes=1)
        assert actions.send_due(now) == (1, 0)
        assert letterbox.letters[-1]["Subject"] == subject


def test_what_was_acknowledged_before_its_mail_went_out_needs_none(letterbox):
    tell()
    seen, waiting = submitted(EMERGENCY), submitted(EMERGENCY)
    step(seen, staff_user(), State.ACKNOWLEDGED)
    assert actions.send_due(NOW) == (1, 0)
    assert seen.reference not in letterbox.letters[0].get_content()
    assert waiting.reference in letterbox.letters[0].get_content()
    assert OutboxMail.objects.count() == 1


def staff_user():
    return User.objects.filter(username="nurse").first() or actions.create_staff("nurse", "a b", "Reviewers")


# Several within a minute


def test_the_first_goes_out_at_once_and_what_comes_within_a_minute_is_one_mail(letterbox):
    tell()
    first = submitted(EMERGENCY)
    assert actions.send_due(NOW) == (1, 0)
    later = [submitted(answers) for answers in (SAME_DAY, EMERGENCY, EMERGENCY)]
    assert actions.send_due(NOW + timedelta(seconds=59)) == (0, 0)
    assert actions.send_due(NOW + timedelta(seconds=60)) == (1, 0)
    one, many = letterbox.letters
    assert one["Subject"] == "Footpath: emergency (1 unseen)"
    assert many["Subject"] == "Footpath: emergency (3 unseen), same day (1 unseen)"
    words = many.get_content()
    assert first.reference not in words
    # The most urgent first.
    assert [words.index(session.reference) for session in later[1:] + later[:1]] == sorted(
        words.index(session.reference) for session in later
    )


def test_a_mail_names_so_many_and_counts_the_rest(letterbox, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_NAMED", 2)
    tell()
    for _turn in range(3):
        submitted(EMERGENCY)
    actions.send_due(NOW)
    assert letterbox.letters[0].get_content().count("/change/") == 2
    assert "and 1 more on the worklist" in letterbox.letters[0].get_content()


def test_a_clock_that_was_set_back_keeps_no_mail_back(letterbox):
    tell()
    submitted(EMERGENCY)
    actions.send_due(NOW + timedelta(hours=1))
    submitted(EMERGENCY)
    assert actions.send_due(NOW) == (1, 0)


# An emergency sign, and the page was left


def test_an_emergency_that_was_never_handed_in_is_told_after_the_minutes_that_the_clinic_set(letterbox):
    tell("emergency")
    session = left()
    assert actions.send_due(minutes(3) - timedelta(seconds=1)) == (0, 0)
    assert actions.send_due(minutes(3)) == (1, 0)
    (letter,) = letterbox.letters
    assert letter["Subject"] == "Footpath: emergency (1 unseen)"
    assert f"{session.reference} (emergency, not finished)" in letter.get_content()
    assert page_of(session) in letter.get_content()
    assert "cold" not in letter.as_string()
    for count in (4, 5, 90):
        assert actions.send_due(minutes(count)) == (0, 0)  # once


def test_the_clinic_sets_how_long_it_waits_for_the_rest(letterbox):
    tell("emergency")
    Clinic.objects.update(tell_after=10)
    left()
    assert [actions.send_due(minutes(count)) for count in (9, 10)] == [(0, 0), (1, 0)]


@pytest.mark.parametrize("why", ["acknowledged", "demo", "nobody asked", "no sign", "handed in"])
def test_no_mail_tells_of_what_needs_none(letterbox, why):
    tell("nothing" if why == "nobody asked" else "emergency")
    if why == "no sign":
        given({"age": ("16-or-over",)}, {"safety-now": ("none",)})
    elif why == "handed in":
        submitted(EMERGENCY)
        assert actions.send_due(NOW) == (1, 0)
    else:
        session = left(demo=why == "demo")
        if why == "acknowledged":
            step(session, staff_user(), State.ACKNOWLEDGED)
    assert actions.send_due(minutes(20)) == (0, 0)
    if why == "acknowledged":  # so the step is what kept it back
        TriageSession.objects.update(review_state=State.NEW)
        assert actions.send_due(minutes(20)) == (1, 0)


def test_a_sign_that_was_taken_back_and_left_is_told_too(letterbox):
    tell("emergency")
    given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)}, {"safety-now": ("none",)})
    assert actions.send_due(minutes(3)) == (1, 0)


def test_handed_in_after_all_it_is_told_again(letterbox):
    tell("emergency")
    patient = Patient(EMERGENCY)
    patient.go_on(patient.start())
    assert actions.send_due(timezone.now() + timedelta(minutes=4)) == (1, 0)
    patient.submit()
    assert actions.send_due(timezone.now() + timedelta(minutes=5)) == (1, 0)
    assert [letter.get_content().count("not finished") for letter in letterbox.letters] == [1, 0]


# Nobody acknowledged it


@pytest.mark.parametrize("finished", [True, False])
def test_a_second_receiver_is_told_when_nobody_acknowledged_in_time(letterbox, finished):
    tell("emergency")
    Clinic.objects.update(second_mail=SECOND)
    session = submitted(EMERGENCY) if finished else left()
    actions.send_due(minutes(3))
    assert actions.send_due(minutes(30) - timedelta(seconds=1)) == (0, 0)
    assert actions.send_due(minutes(30)) == (1, 0)
    first, second = letterbox.letters
    assert (first["To"], second["To"]) == (ADDRESS, SECOND)
    assert second["Subject"] == "Footpath: emergency not acknowledged (1 unseen)"
    assert "Nobody has acknowledged it for 30 minutes." in second.get_content()
    assert page_of(session) in second.get_content()
    assert actions.send_due(minutes(200)) == (0, 0)  # once


def test_time_counts_from_the_sign_and_not_from_the_hand_in(letterbox):
    tell("emergency")
    Clinic.objects.update(second_mail=SECOND)
    session = submitted(EMERGENCY)
    TriageSession.objects.filter(pk=session.pk).update(started_at=minutes(-21), emergency_at=minutes(-20))
    assert actions.send_due(minutes(9)) == (1, 0)
    assert actions.send_due(minutes(10)) == (1, 0)
    assert letterbox.letters[-1]["To"] == SECOND


@pytest.mark.parametrize("why", ["acknowledged", "same day", "no second"])
def test_the_second_receiver_is_left_in_peace(letterbox, why):
    tell()
    Clinic.objects.update(second_mail="" if why == "no second" else SECOND)
    session = submitted(SAME_DAY if why == "same day" else EMERGENCY)
    actions.send_due(NOW)
    if why == "acknowledged":
        step(session, staff_user(), State.ACKNOWLEDGED)
    assert actions.send_due(minutes(60)) == (0, 0)


def test_it_goes_out_once(letterbox):
    tell()
    submitted(EMERGENCY)
    assert [actions.send_due(NOW + timedelta(days=days)) for days in (0, 1)] == [(1, 0), (0, 0)]
    assert len(letterbox.letters) == 1
    mail = OutboxMail.objects.get()
    assert (mail.sent_at, mail.next_at, mail.last_error) == (NOW, None, "")

"""The table of the questionnaire's word against the clinicians', against numbers worked out by hand."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from tests.staff import ROUTINE, WORKLIST, send, sheet, staff, submitted, text
from tests.visitor import BACK, NOW, publish
from triage import actions
from triage.admin import agreement
from triage.admin.agreement import Share
from triage.models import Review, TriageSession

pytestmark = pytest.mark.django_db

PAGE = f"{WORKLIST}agreement/"


@pytest.fixture(autouse=True)
def release(db):
    return publish()


@pytest.fixture
def clinician():
    return actions.create_staff("clinician", "a password of its own", "Reviewers")


def find(session, clinician, **found):
    session.refresh_from_db()
    state = TriageSession.ReviewState.REVIEWED
    actions.review(session.pk, session.mark, clinician, state, "", NOW, **found)


@pytest.fixture
def findings(clinician):
    """12 foot results: 8 found in the foot, 2 in the back, 1 in both, 1 not known; 8 back: 7 back, 1 other."""
    for answers, found, count in (
        (ROUTINE, "foot", 8),
        (ROUTINE, "back", 2),
        (ROUTINE, "both", 1),
        (ROUTINE, "not-known", 1),
        (BACK, "back", 7),
        (BACK, "other", 1),
    ):
        for turn in range(count):
            find(
                submitted(answers), clinician, finding=found, urgency=2 if (found, turn) == ("back", 0) else 1
            )


def test_the_table_is_the_one_counted_by_hand(findings):
    (table,) = agreement.tables()
    assert dict(table.origins) == {
        ("foot", "foot"): 8,
        ("foot", "back"): 2,
        ("foot", "both"): 1,
        ("foot", "not-known"): 1,
        ("back", "back"): 7,
        ("back", "other"): 1,
    }
    assert dict(table.urgencies) == {(1, 1): 18, (1, 2): 2}
    assert (table.agreed.count, table.agreed.total) == (15, 19)
    assert (table.under_triage.count, table.over_triage.count) == (2, 0)


@pytest.mark.parametrize(
    "count, total, low, high",
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 2, 0.0945, 0.9055)],
)
def test_wilsons_interval(count, total, low, high):
    assert Share(count, total).interval == pytest.approx((low, high), abs=5e-5)


def test_the_last_finding_on_a_submission_counts_and_demos_do_not(clinician):
    session, demo = submitted(BACK), submitted(BACK, demo=True)
    find(demo, clinician, finding="foot")
    find(session, clinician, finding="foot")
    find(session, clinician, finding="back", root="L5")
    find(session, clinician)  # a note alone takes no finding back
    (table,) = agreement.tables()
    assert dict(table.origins) == {("back", "back"): 1}


def test_page_and_command_say_the_same_and_name_nobody(findings):
    out = StringIO()
    call_command("agreement", stdout=out)
    client = staff("Reviewers")
    page = text(client.get(PAGE))
    for said in (page, out.getvalue()):
        assert "15 of 19 (79%; 95% interval 57% to 91%)" in said
        assert not any(session.reference in said for session in TriageSession.objects.all())


def test_too_few_are_not_shown(clinician):
    find(submitted(BACK), clinician, finding="back")
    assert "Below 20 nothing is shown" in text(staff("Reviewers").get(PAGE))
    out = StringIO()
    call_command("agreement", stdout=out)
    assert "Agreed" not in out.getvalue()


def test_only_those_who_may_see_submissions_see_it():
    assert staff("anonymous").get(PAGE).status_code == 302
    assert staff("Auditors").get(PAGE).status_code == 403


def test_a_finding_is_written_with_the_review():
    session, reviewer = submitted(BACK), staff("Reviewers")
    data = {"seen": session.mark, "state": 3, "note": "", "finding": "both", "root": "S1", "urgency": "2"}
    page = text(reviewer.post(sheet(session), data, follow=True))
    assert "Found: both, root S1 In hindsight: same day" in page


def test_a_root_goes_with_the_back_only(clinician):
    session, reviewer = submitted(BACK), staff("Reviewers")
    data = {"seen": session.mark, "state": 3, "finding": "foot", "root": "S1"}
    assert "A nerve root goes with pain from the back." in text(reviewer.post(sheet(session), data))
    with pytest.raises(IntegrityError), transaction.atomic():
        find(session, clinician, finding="foot", root="S1")
    send(reviewer, session, 3)
    assert Review.objects.get().finding == ""

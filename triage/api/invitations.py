"""An invitation made by a program: what a staff member would type, checked by the same form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from triage import actions
from triage.api.bodies import read_json
from triage.api.door import asks, sent_token
from triage.api.refusals import Fault, Refused, reply
from triage.forms.invitations import COLUMNS, LIKE_A_NAME, MORE, SAME, InvitationForm, languages_offered
from triage.models import ApiToken, Invitation
from triage.store.codes import carried

MOST_BYTES = 8 * 1024
FIELDS = (*COLUMNS, *MORE)
SURE = "sure"  # that a label which looks like a name is none
KEY = re.compile(r"[\x21-\x7e]{8,255}")


@asks(ApiToken.Scope.INVITATIONS)
def create(request: HttpRequest, token: ApiToken) -> HttpResponse:
    """Make one. The answer alone holds its code; by the same Idempotency-Key it is given again for a day."""
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        raise Refused(400, "Send an Idempotency-Key of 8 to 255 signs, another for each invitation.")
    asked = _known_fields(read_json(request, MOST_BYTES))
    asking = actions.Asking(token, sent_token(request), key, asked)
    try:
        made = actions.made_before(asking, timezone.now()) or _make(asking)
    except actions.AskedOtherwise:
        raise Refused(422, "Something else was asked for under this Idempotency-Key.") from None
    return reply(_shown(request, *made), 201)


def _make(asking: actions.Asking) -> tuple[Invitation, str]:
    now = timezone.now()
    try:
        return actions.invite_once(asking, _checked(asking.asked), now)
    except IntegrityError:
        raise _conflict() from None
    except Refused:
        # What was asked at the same moment by the same key may stand in the way by now.
        if made := actions.made_before(asking, now):
            return made
        raise


def _conflict() -> Refused:
    return Refused(409, "There is an open invitation for this label and time.")


def _known_fields(asked: dict[str, Any]) -> dict[str, Any]:
    faults = [Fault("", "There is a field that is not known here.")] if {*asked} - {*FIELDS, SURE} else []
    faults += [
        Fault(f"/{name}", "Write it as text.") for name in FIELDS if not isinstance(asked.get(name, ""), str)
    ]
    if not isinstance(asked.get(SURE, False), bool):
        faults.append(Fault(f"/{SURE}", "Write true or false."))
    if faults:
        raise Refused(422, "The invitation cannot be made as it is.", faults)
    return asked


def _checked(asked: Mapping[str, Any]) -> dict[str, Any]:
    form = InvitationForm(languages_offered(), timezone.now(), {name: asked.get(name, "") for name in FIELDS})
    if form.is_valid() and not (form.like_a_name and not asked.get(SURE)):
        return form.cleaned_data
    if SAME in form.non_field_errors():
        raise _conflict()
    faults = [Fault(f"/{name}", str(error)) for name, errors in form.errors.items() for error in errors] or [
        Fault("/label", f"It {LIKE_A_NAME} If it is none, send {SURE}: true along.")
    ]
    raise Refused(422, "The invitation cannot be made as it is.", faults)


def _shown(request: HttpRequest, invitation: Invitation, code: str) -> dict[str, Any]:
    how = carried(request, code)
    return {
        "number": invitation.pk,
        "appointment_at": timezone.localtime(invitation.appointment_at).isoformat(),
        "language": invitation.language,
        "works_until": timezone.localtime(invitation.expires_at).isoformat(),
        "code": how.grouped,
        "link": how.link,
    }

"""The result page, made from a record and from nothing else: the same for the patient today and for a check later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.dateparse import parse_datetime

from triage.domain.result import ClinicSettings
from triage.models.clinic import settings_in
from triage.store.releases import sha256

MAIN = re.compile(r"<main\b[^>]*>(.*)</main>", re.DOTALL)
TODAY = re.compile(
    r'<section class="today.*?</section>\n', re.DOTALL
)  # how to come back, which is no part of the record
FORM_TOKEN = re.compile(r'<input type="hidden" name="csrfmiddlewaretoken"[^>]*>')  # another for every request
TAG = re.compile(r"<[^>]*>")
NOT_DIALED = re.compile(r"[^0-9+*#]")


def clinic_words(chosen: ClinicSettings) -> dict[str, str]:
    """The clinic's settings under the names that templates use, in the page's language, with numbers ready to dial."""
    chosen = settings_in(chosen, translation.get_language() or settings.LANGUAGE_CODE)
    return {
        "name": chosen["clinic_name"],
        "phone": chosen["clinic_phone"],
        "phone_tel": _tel(chosen["clinic_phone"]),
        "hours": chosen["clinic_hours"],
        "emergency_number": chosen["emergency_number"],
        "emergency_tel": _tel(chosen["emergency_number"]),
        "advice_line": chosen["advice_line"],
        "advice_tel": _tel(chosen["advice_line"]),
    }


def _tel(number: str) -> str:
    return "tel:" + NOT_DIALED.sub("", number)


def result_context(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the result page shows: in the record's language, with the clinic's numbers as they were."""
    return {
        "record": {**record, "submitted_at": parse_datetime(record["submitted_at"])},
        "result": record["result"],
        "show_root": record["show_roots"],
        "clinic": clinic_words(record["clinic"]),
    }


def result_main(record: Mapping[str, Any]) -> str:
    """The main part of the result page as HTML, as these templates make it."""
    with translation.override(record["language"]):
        return main_of(render_to_string("result.html", {**result_context(record), "csrf_token": "-"}))


def clinic_text(record: Mapping[str, Any]) -> str:
    """The record in the words for staff, as plain text in their language."""
    context = result_context(record)
    with translation.override(settings.LANGUAGE_CODE):
        text = render_to_string("copy.txt", {**context, "result": record["staff_result"] or record["result"]})
    # Stripped, it is no longer one of Django's safe strings: nothing in it is escaped, so pages have to do that.
    return text.strip() + "\n"


def main_of(page: str) -> str:
    """The main part of a page, without what belongs to one day or, as the token of its forms, to one request."""
    found = MAIN.search(page)
    if not found:
        raise ValueError("the page has no main part")
    return FORM_TOKEN.sub("", TODAY.sub("", found[1])).strip() + "\n"


def words_sha256(main: str) -> str:
    """The hash of what is to be read there: it stays when the mark-up changes, and not when a word does."""
    return sha256(" ".join(unescape(TAG.sub(" ", main)).split()))

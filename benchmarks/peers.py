"""What a journey is measured against: django-formtools with the same questions.

The peer has the easier task: its pages have no frame, no translation and no reasons, every screen is shown to
everybody, and in the end it decides nothing and freezes no record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import engines
from formtools.wizard.views import NamedUrlSessionWizardView

from benchmarks.browser import Browser, filled
from proofs.patients import Reply, fields
from triage.domain.content import Item, Screen
from triage.domain.walk import Answers
from triage.store import releases

PAGE = """{% load crispy_forms_tags %}<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ form.title }}</title>{% if style %}
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="{{ style }}">{% endif %}</head>
<body>
<main><h1>{{ form.title }}</h1>
<form method="post">{% csrf_token %}{{ wizard.management_form }}
{% crispy form "bootstrap5" %}</form></main></body></html>"""
CURRENT = re.compile(r'name="([\w-]+-current_step)" value="([\w-]+)"')
END = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Thank you</title></head><body><dl>{% for key, answer in answers %}
<dt>{{ key }}</dt><dd>{{ answer }}</dd>{% endfor %}</dl></body></html>"""


# The same questions in django-formtools


class Peer(NamedUrlSessionWizardView):
    def get_template_names(self) -> Any:
        return _page()

    def get_form_prefix(self, step: str | None = None, form: type[forms.Form] | None = None) -> str:
        return ""

    def get_context_data(self, form: forms.Form, **kwargs: Any) -> Any:
        return super().get_context_data(form, style=getattr(settings, "PEER_STYLE", ""), **kwargs)

    def done(self, form_list: list[forms.Form], **kwargs: Any) -> HttpResponse:
        answers = [pair for form in form_list for pair in form.cleaned_data.items()]
        return HttpResponse(engines["django"].from_string(END).render({"answers": answers}))


@cache
def _page() -> Any:
    return engines["django"].from_string(PAGE)


def _form(screen: Screen) -> type[forms.Form]:
    helper = FormHelper()
    helper.form_tag = helper.disable_csrf = False
    helper.form_method = "post"
    helper.add_input(Submit("go-on", "Continue"))
    fields: dict[str, Any] = {item.key: _field(item) for item in screen.items}
    return type("PeerForm", (forms.Form,), {**fields, "helper": helper, "title": screen.title})


def _field(item: Item) -> forms.Field:
    common: dict[str, Any] = {"label": item.text, "help_text": item.hint}
    if item.kind == "text":
        return forms.CharField(required=False, max_length=item.max_length, widget=forms.Textarea, **common)
    choices = [(option.code, option.text) for option in item.options]
    if item.kind == "one":
        return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **common)
    return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **common)


@cache
def _view() -> Any:
    content = releases.content(releases.current().sha256, "en")
    pages = [(screen.key, _form(screen)) for screen in content.screens]
    return Peer.as_view(pages, url_name="peer", done_step_name="end")


def peer(request: HttpRequest, **kwargs: str) -> HttpResponse:
    response: HttpResponse = _view()(request, **kwargs)
    return response


def journey(browser: Browser, answers: Answers) -> Iterator[tuple[str, Reply]]:
    """The same way through the peer: from its first address to its last page."""
    reply = browser.get("/peer/")
    yield "start", reply
    while True:
        page = browser.get(reply.location)
        if not fields(page.text):
            yield "end", page
            return
        yield "question", page
        reply = browser.post(reply.location, filled(page, answers) | management(page))
        yield "answer", reply


def management(page: Reply) -> dict[str, list[str]]:
    """The hidden field in which django-formtools keeps which page this is."""
    return {name: [value] for name, value in CURRENT.findall(page.text)}

"""The answers of one screen, checked: on a page, and where another program has asked the same questions."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from triage.domain.content import Content, Item, Screen
from triage.domain.walk import Answers, Walk, in_order, walk
from triage.domain.wording import worded
from triage.server.gate import REPLACEMENT


class AnswersForm(forms.Form):
    """The questions of one screen that are asked now. `answers()` gives what was answered, ready for the walk."""

    data: MultiValueDict[str, str]

    def __init__(
        self, content: Content, screen: Screen, walked: Walk, data: MultiValueDict[str, str] | None = None
    ) -> None:
        self.content, self.screen, self.walked = content, screen, walked
        self.items = tuple(worded(content, item, walked.facts) for item in walked.asks(screen))
        super().__init__(data)
        for item in self.items:
            self.fields[item.key] = _field(item)

    @property
    def alone(self) -> bool:
        """Whether it has one question only, which is then the page's heading."""
        return len(self.items) == 1

    def answers(self) -> Answers:
        """The cleaned answers of the questions that are asked."""
        return {key: given for key, given in self.cleaned_data.items() if given is not None}

    def clean(self) -> dict[str, tuple[str, ...] | None]:
        """Drop the answers, and the errors, of questions that another answer on this screen has closed."""
        cleaned = super().clean() or {}
        if self.alone:
            return cleaned
        given = {item.key: cleaned[item.key] for item in self.items if cleaned.get(item.key) is not None}
        others = {key: value for key, value in self.walked.given.items() if key not in self.fields}
        asked = walk(self.content, {**others, **given}).asked
        for key in self.fields:
            if key not in asked:
                self.errors.pop(key, None)
                cleaned[key] = None
        return cleaned


class OneField(forms.ChoiceField):
    """One code of an item; cleans to a tuple of one."""

    def clean(self, value: Any) -> tuple[str, ...]:
        return (super().clean(value),)


class ManyField(forms.MultipleChoiceField):
    """Some codes of an item; cleans to a tuple in the questionnaire's order."""

    def __init__(self, item: Item, **kwargs: Any) -> None:
        self.item = item
        super().__init__(**kwargs)

    def clean(self, value: Any) -> tuple[str, ...]:
        codes = super().clean(value)
        alone = self.item.exclusive.intersection(codes)
        if alone and len(set(codes)) > 1:
            words = self.item.option(min(alone)).text
            raise forms.ValidationError(
                _("You ticked “%(option)s” and something else. Untick one of them.") % {"option": words},
                code="alone",
            )
        return in_order(self.item, codes)


class NoteField(forms.CharField):
    """Free text; cleans to a tuple of the text, or () where it is empty. Refuses what is not text."""

    def clean(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = value.replace("\r\n", "\n")  # as the browser counted it
        text = unicodedata.normalize("NFC", super().clean(value))
        if REPLACEMENT in text or any(
            unicodedata.category(sign) in ("Cs", "Cc") and sign not in "\n\t" for sign in text
        ):
            raise forms.ValidationError(
                _("Some signs in this text cannot be read. Please type it again."), code="signs"
            )
        return (text,) if text else ()


def _field(item: Item) -> forms.Field:
    common: dict[str, Any] = {"label": item.text, "help_text": item.hint}
    if item.kind == "text":
        return NoteField(required=False, max_length=item.max_length, error_messages=TOO_LONG, **common)
    choices = [(option.code, option.text) for option in item.options]
    if item.takes_one:
        messages = MISSING_ONE if item.unsure in item.codes else MISSING_KNOWN
        return OneField(choices=choices, widget=forms.RadioSelect, error_messages=messages, **common)
    none = next((option.text for option in item.options if option.code == "none"), "")
    missing = _("Tick any that fit, or “%(none)s”.") % {"none": none} if none else _("Tick any that fit.")
    return ManyField(
        item,
        choices=choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={**MISSING_MANY, "required": missing},
        **common,
    )


TOO_LONG = {
    "max_length": gettext_lazy(
        "This is longer than %(limit_value)s letters. Make it shorter, or tell the clinic the rest."
    )
}
MISSING_ONE = {
    "required": gettext_lazy("Choose the answer that fits best."),
    "invalid_choice": gettext_lazy("That answer is not on the list. Choose one of the answers shown."),
}
MISSING_KNOWN = MISSING_ONE | {"required": gettext_lazy("Choose one answer.")}  # everybody knows this one
MISSING_MANY = {
    "invalid_choice": gettext_lazy("One of the answers is not on the list. Tick the answers shown."),
    "invalid_list": gettext_lazy("The answer could not be read. Tick the answers shown."),
}

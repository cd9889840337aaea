"""One form for every screen, built from the items that are asked on it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from crispy_forms.utils import render_crispy_form
from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from triage.domain.content import Content, Item, Screen
from triage.domain.walk import Answers, Walk, in_order, walk
from triage.server.gate import REPLACEMENT

NO_TEXT = re.compile("[\0\ud800-\udfff]")
# By content (thus language), and gone when the content is: each question's field, and the questions without answers.
FIELDS: WeakKeyDictionary[Content, dict[str, forms.Field]] = WeakKeyDictionary()
UNANSWERED: WeakKeyDictionary[Content, dict[object, SafeString]] = WeakKeyDictionary()


class ScreenForm(forms.Form):
    """The questions of one screen. `answers()` gives what was answered, ready for the walk."""

    data: MultiValueDict[str, str]

    def __init__(
        self,
        content: Content,
        screen: Screen,
        walked: Walk,
        data: MultiValueDict[str, str] | None = None,
    ) -> None:
        self.content, self.screen, self.walked, self.items = content, screen, walked, walked.asks(screen)
        texts = [item.key for item in self.items if item.kind == "text"]
        super().__init__(data, initial={key: "".join(walked.answers.get(key, ())) for key in texts})
        made = FIELDS.setdefault(content, {})
        for item in self.items:
            if item.key not in made:
                made[item.key] = _field(item)
            self.fields[item.key] = made[item.key]

    @cached_property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False  # question.html has it, with the token that is another for every request
        helper.disable_csrf = True
        helper.legend_is_heading = self.alone
        helper.add_input(Submit("go-on", _("Continue")))
        return helper

    @property
    def alone(self) -> bool:
        """Whether it has one question only, which is then the page's heading."""
        return len(self.items) == 1

    @property
    def html(self) -> SafeString:
        """The questions, with what was answered before."""
        if self.is_bound:
            return render_crispy_form(self)
        html = self._unanswered()
        for item in self.items:
            for code in self.walked.answers.get(item.key, ()) if item.kind != "text" else ():
                box = f'name="{item.key}" value="{code}"'
                html = SafeString(html.replace(box, f"{box} checked"))
        return html

    def _unanswered(self) -> SafeString:
        """Without answers they are the same for everybody, and made once. A text that was written stands in them."""
        if any(self.initial.values()):
            return render_crispy_form(self)
        made = UNANSWERED.setdefault(self.content, {})
        key = tuple((item.key, item.mirrored(self.walked.facts)) for item in self.items)
        if key not in made:
            made[key] = render_crispy_form(self)
        return made[key]

    def answers(self) -> Answers:
        """The cleaned answers of the questions that are asked."""
        return {key: given for key, given in self.cleaned_data.items() if given is not None}

    def sent(self) -> dict[str, list[str]]:
        """What was sent for these questions, as it can be stored: signs that are no text are marked as such."""
        return {
            key: [NO_TEXT.sub(REPLACEMENT, text) for text in self.data.getlist(key)] for key in self.fields
        }

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


class RadioSelect(forms.RadioSelect):
    """Radio buttons that know their options' hints."""

    option_hints: Mapping[str, str]

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().create_option(name, value, *args, **kwargs) | {
            "hint": self.option_hints.get(value, "")
        }


class CheckboxSelectMultiple(forms.CheckboxSelectMultiple):
    """Check boxes that know their options' hints and which of them stand alone."""

    option_hints: Mapping[str, str]
    exclusive: frozenset[str]

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        extra = {"hint": self.option_hints.get(value, ""), "exclusive": value in self.exclusive}
        return super().create_option(name, value, *args, **kwargs) | extra


class ReturnForm(forms.Form):
    """The code that opens a saved session, or an invitation, here."""

    code = forms.CharField(
        label=gettext_lazy("Your code"),
        help_text=gettext_lazy("It has 12 letters and numbers. Small letters are fine."),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": gettext_lazy("Type the code that is on your letter, or that you saved.")},
    )
    UNKNOWN = gettext_lazy(
        "This code does not open anything. It may be mistyped, used already, or too old. Check it and try again."
    )
    TOO_MANY = gettext_lazy("Too many wrong codes were typed where you are. Try again in %(minutes)s min.")

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": ""}
        self.helper.legend_is_heading = False
        self.helper.add_input(Submit("go-on", _("Continue")))

    def clean_code(self) -> str:
        """The signs alone, as they were made."""
        return "".join(sign for sign in self.cleaned_data["code"].upper() if sign.isalnum())


def _field(item: Item) -> forms.Field:
    common: dict[str, Any] = {"label": item.text, "help_text": item.hint}
    if item.kind == "text":
        widget = forms.Textarea(attrs={"rows": 5, "maxlength": item.max_length, "autocomplete": "off"})
        return NoteField(
            required=False, max_length=item.max_length, widget=widget, error_messages=TOO_LONG, **common
        )
    choices = [(option.code, option.text) for option in item.options]
    hints = {option.code: option.hint for option in item.options if option.hint}
    if item.takes_one:
        radios = RadioSelect()
        radios.option_hints = hints
        messages = MISSING_ONE if item.unsure in item.codes else MISSING_KNOWN
        return OneField(choices=choices, widget=radios, error_messages=messages, **common)
    boxes = CheckboxSelectMultiple()
    boxes.option_hints, boxes.exclusive = hints, item.exclusive
    return ManyField(item, choices=choices, widget=boxes, error_messages=MISSING_MANY, **common)


TOO_LONG = {
    "max_length": gettext_lazy(
        "This is longer than %(limit_value)s letters. Make it shorter, or tell the clinic the rest."
    )
}
MISSING_ONE = {
    "required": gettext_lazy("Choose one answer. If you do not know, choose the last one."),
    "invalid_choice": gettext_lazy("That answer is not on the list. Choose one of the answers shown."),
}
MISSING_KNOWN = MISSING_ONE | {"required": gettext_lazy("Choose one answer.")}  # everybody knows this one
MISSING_MANY = {
    "required": gettext_lazy("Tick at least one box. If you do not know, tick the last one."),
    "invalid_choice": gettext_lazy("One of the answers is not on the list. Tick the answers shown."),
    "invalid_list": gettext_lazy("The answer could not be read. Tick the answers shown."),
}

"""One form for every screen, built from the items that are asked on it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit, TemplateNameMixin
from crispy_forms.utils import TEMPLATE_PACK
from django import forms
from django.template import Context
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from triage.domain.content import MAPS, Content, Item, Option, Screen
from triage.domain.result import answer_words
from triage.domain.walk import Answers, Walk, in_order, walk
from triage.domain.wording import cautions, worded
from triage.server.gate import REPLACEMENT
from triage.store import codes
from triage.store.visit import Drafts
from triage.templatetags.pictures import places

REFERENCE_SIGNS = 6  # of the code on a result that is said at the desk
NO_TEXT = re.compile("[\0\ud800-\udfff]")


class ScreenForm(forms.Form):
    """The questions of one screen. `answers()` gives what was answered, ready for the walk.

    Without `data` it shows the drafts, and the answers where there is none; `refused` says what is wrong with them.
    `contact` is the field for a number, where the page has one.
    """

    data: MultiValueDict[str, str]

    def __init__(
        self,
        content: Content,
        screen: Screen,
        walked: Walk,
        data: MultiValueDict[str, str] | None = None,
        drafts: Drafts = MappingProxyType({}),
        refused: bool = False,
        contact: Mapping[str, object] | None = None,
    ) -> None:
        self.content, self.screen, self.walked, self.contact = content, screen, walked, contact
        self.items = tuple(worded(content, item, walked.facts) for item in walked.asks(screen))
        self.shown = {
            item.key: [*drafts.get(item.key, walked.answers.get(item.key, ()))] for item in self.items
        }
        super().__init__(MultiValueDict(self.shown) if refused else data)
        for item in self.items:
            self.fields[item.key] = _field(item)

    @cached_property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False  # question.html has it, with the token that is another for every request
        helper.disable_csrf = True
        helper.layout = Layout(*[Question(item) for item in self.items])
        if self.contact:
            helper.layout.append(Contact())
        helper.add_input(Submit("go-on", _("Continue")))
        return helper

    @property
    def alone(self) -> bool:
        """Whether it has one question only, which is then the page's heading."""
        return len(self.items) == 1

    @cached_property
    def to_answer(self) -> tuple[str, ...]:
        """The questions that answers on this very page have opened; where there are none, all of them."""
        keys = tuple(item.key for item in self.items)
        return tuple(key for key in keys if key not in self.walked.answers) or keys

    @property
    def opened(self) -> bool:
        """Whether answers on this very page have opened more questions on it."""
        return len(self.to_answer) < len(self.items)

    @property
    def plain(self) -> bool:
        """Whether all its answers are lists, each without headings, and nothing warns of a question or is typed."""
        return not self.contact and all(
            item.kind in ("one", "many") and not item.groups and not item.cautions for item in self.items
        )

    def given(self, key: str) -> tuple[str, ...]:
        """What stands on the page as the answer: what was sent and refused, else what was answered before."""
        return tuple(self.data.getlist(key) if self.is_bound else self.shown[key])

    def answers(self) -> Answers:
        """The cleaned answers of the questions that are asked."""
        return {key: given for key, given in self.cleaned_data.items() if given is not None}

    def sent(self) -> dict[str, list[str]]:
        """What was sent for these questions, as it can be stored and shown again."""
        return {item.key: _storable(item, self.data.getlist(item.key)) for item in self.items}

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


class Question(TemplateNameMixin):
    """A question of a `ScreenForm` in crispy's layout: the item as the content has it, with what was given to it."""

    template = "%s/question.html"

    def __init__(self, item: Item) -> None:
        self.item = item

    def render(
        self, form: ScreenForm, context: Context, template_pack: str = TEMPLATE_PACK, **more: Any
    ) -> SafeString:
        item, field, given = self.item, form[self.item.key], form.given(self.item.key)
        blocks = _blocks(item, field.auto_id, given)
        about = {
            "form": form,
            "item": item,
            "field": field,  # its errors, and what describes it
            "id": field.auto_id,
            "text": "".join(given),
            "answered": "" if item.key in form.to_answer else answer_words(form.content, item.key, given),
            "begin": form.opened and item.key == form.to_answer[0],
            "cautions": cautions(form.content, item, form.walked.facts),
            "above": [block for block in blocks if block.above],
            "listed": [block for block in blocks if block.place and item.picture in MAPS],
            "blocks": [
                block for block in blocks if not (block.above or (block.place and item.picture in MAPS))
            ],
            "input_type": field.field.widget.input_type,
        }
        return render_to_string(self.get_template_name(template_pack), about)


class Contact(TemplateNameMixin):
    """The field for a number, below the questions; see `contact.py`."""

    template = "%s/contact.html"

    def render(
        self, form: ScreenForm, context: Context, template_pack: str = TEMPLATE_PACK, **more: Any
    ) -> SafeString:
        return render_to_string(self.get_template_name(template_pack), dict(form.contact or {}))


class Choice(NamedTuple):
    """An option as a page shows it."""

    option: Option
    id: str
    ticked: bool


SHORT = 24  # letters: two such answers stand side by side on a phone


@dataclass(frozen=True)
class Block:
    """Choices that stand together. `above`: they rule out all that is drawn, and stand above it; `place`: they are
    places of a drawing; `other`: they stand after an "or".
    """

    group: str
    heading: str
    above: bool
    place: bool
    other: bool
    choices: list[Choice]

    @property
    def short(self) -> bool:
        return not any(len(option.text) > SHORT or option.hint for option, _id, _ticked in self.choices)


def _blocks(item: Item, id: str, given: tuple[str, ...]) -> list[Block]:
    """The options in their order: what rules all out, the places of a drawing, what is no place, what stands alone."""
    headings = {group.key: group.text for group in item.groups}
    drawn = places(item.picture) if item.picture in MAPS else item.codes
    found: dict[tuple[str, bool, bool, bool], list[Choice]] = {}
    above, other = True, False
    for option in item.options:
        above = above and option.exclusive
        other = not above and (other or option.exclusive)
        place = option.code in drawn and not (above or other)
        choice = Choice(option, f"{id}_{option.code}", option.code in given)
        found.setdefault((option.group if place else "", above, place, other), []).append(choice)
    return [Block(key[0], headings.get(key[0], ""), *key[1:], choices) for key, choices in found.items()]


class ReturnForm(forms.Form):
    """The code that opens a saved session, or an invitation, here."""

    code = forms.CharField(
        label=gettext_lazy("Your code"),
        help_text=gettext_lazy("It has 12 letters and numbers. Small letters are fine."),
        max_length=2000,  # a whole link may be pasted, with what mail programs add
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": gettext_lazy("Type the code that is on your letter, or that you saved.")},
    )
    UNKNOWN = gettext_lazy(
        "This code does not open anything. It may be mistyped, or too old, or you have a newer one."
    )
    REFERENCE = gettext_lazy(
        "This is the short code for the desk of the clinic. It opens nothing here, so you can say it aloud. "
        "The code to come back is longer: it has 12 letters and numbers."
    )
    TOO_MANY = gettext_lazy("Too many wrong codes were typed where you are. Try again in %(minutes)s min.")

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": ""}
        self.helper.add_input(Submit("go-on", _("Continue")))

    def clean_code(self) -> str:
        """The signs alone, as they were made."""
        typed = self.cleaned_data["code"]
        code = codes.read_code(typed) or codes.signs_of(typed)
        if len(code) == REFERENCE_SIGNS:
            raise forms.ValidationError(self.REFERENCE, code="reference")
        return code


def _storable(item: Item, sent: list[str]) -> list[str]:
    """Codes that the question has; of a text at most twice what it may have, and signs that are no text marked so."""
    if item.kind == "text":
        return [NO_TEXT.sub(REPLACEMENT, text)[: 2 * item.max_length] for text in sent[-1:] if text]
    return [option.code for option in item.options if option.code in sent]


def _field(item: Item) -> forms.Field:
    field = _plain_field(item)
    # Where an error leads: to the first answer, or with a drawing, which may fold the answers, to the question.
    field.lands = f"_{item.options[0].code}" if item.options and not item.picture else ""  # type: ignore[attr-defined]
    return field


def _plain_field(item: Item) -> forms.Field:
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

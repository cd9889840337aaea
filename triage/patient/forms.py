"""One form for every screen, built from the items that are asked on it."""

from __future__ import annotations

import re
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
from triage.domain.walk import Walk
from triage.domain.wording import cautions
from triage.forms.answers import AnswersForm
from triage.server.gate import REPLACEMENT
from triage.store import codes
from triage.store.visit import Drafts
from triage.templatetags.pictures import places

REFERENCE_SIGNS = 6  # of the code on a result that is said at the desk
NO_TEXT = re.compile("[\0\ud800-\udfff]")


class ScreenForm(AnswersForm):
    """The questions of one screen on a page.

    Without `data` it shows the drafts, and the answers where there is none; `refused` says what is wrong with them.
    `contact` is the field for a number, where the page has one.
    """

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
        super().__init__(content, screen, walked, data)
        self.contact = contact
        self.shown = {
            item.key: [*drafts.get(item.key, walked.answers.get(item.key, ()))] for item in self.items
        }
        if refused:
            self.is_bound, self.data = True, MultiValueDict(self.shown)
        for item in self.items:
            # Where an error leads: to the first answer, or with a drawing, which may fold the answers, to the question.
            lands = f"_{item.options[0].code}" if item.options and not item.picture else ""
            self.fields[item.key].lands = lands  # type: ignore[attr-defined]

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

    def sent(self) -> dict[str, list[str]]:
        """What was sent for these questions, as it can be stored and shown again."""
        return {item.key: _storable(item, self.data.getlist(item.key)) for item in self.items}


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

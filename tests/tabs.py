"""Tabs of one browser, without scripts: what stands in each stays what it was when the page came."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.urls import resolve


@dataclass
class Button:
    form: str  # the id of its form, or "" for the form around it
    action: str
    name: str
    value: str
    words: str = ""


class Page(HTMLParser):
    """The forms of a page: what each sends, the questions that can be answered, and the buttons."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.actions, self.fields = {}, {}  # by form
        self.choices, self.ticked, self.texts = {}, {}, {}  # by question
        self.form_of = {}  # of each question
        self.buttons = []
        self._form = self._area = self._button = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        it = {name: value or "" for name, value in attributes}
        kind, name, form = it.get("type", ""), it.get("name", ""), it.get("form") or self._form
        if tag == "form":
            self._form = it.get("id", "no id")
            self.actions[self._form] = it.get("action", "")
        elif tag == "input" and kind == "hidden":
            self.fields.setdefault(form, {})[name] = it["value"]
        elif tag == "input" and kind in ("radio", "checkbox"):
            self.form_of[name] = form
            self.choices.setdefault(name, []).append(it["value"])
            if "checked" in it:
                self.ticked.setdefault(name, []).append(it["value"])
        elif tag == "input" or (tag == "textarea" and name):
            self.form_of[name] = form
            self.texts[name] = it.get("value", "")
            self._area = name if tag == "textarea" else None
        elif tag == "button" and kind != "button":
            self._button = Button(form, it.get("formaction", ""), name, it.get("value", ""))
            self.buttons.append(self._button)

    def handle_data(self, data):
        if self._area:
            self.texts[self._area] += data
        if self._button:
            self._button.words += data

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            if self._area:
                self.texts[self._area] = self.texts[self._area].removeprefix("\n")
            self._area = None
        elif tag == "button":
            self._button = None

    @property
    def stamp(self):
        return next((fields["stamp"] for fields in self.fields.values() if fields.get("stamp")), "")


@dataclass
class Tab:
    """One tab. `fill_in` ticks and writes on its page, `press` sends it with a button."""

    client: object
    path: str = "/"
    status: int = 0
    page: Page = field(default_factory=lambda: Page(""))
    filled: dict = field(default_factory=dict)

    @property
    def name(self):
        return resolve(self.path).url_name

    def open(self, path):
        return self._follow(path, self.client.get(path))

    def send(self, path, data):
        return self._follow(path, self.client.post(path, data))

    def _follow(self, path, answer):
        for _redirect in range(6):
            if answer.status_code != 302:
                break
            path = answer["Location"]
            answer = self.client.get(path)
        if answer.get("Content-Disposition", "").startswith("attachment"):
            return answer  # a file: the page stays
        self.path, self.status = urlsplit(path).path, answer.status_code
        self.page = Page(answer.content.decode())
        self.filled = {**self.page.ticked, **self.page.texts}
        return answer

    def onward(self):
        """The button that the page is there for: the one inside its form, or else the first that goes on."""
        inside = [button for button in self.page.buttons if not button.action and button.words.strip()]
        others = [
            button for button in self.page.buttons if button.action == "/go-on/" and button.value != self.path
        ]
        return [*inside, *others][0]

    def fill_in(self, given):
        """Answers by question: codes, or a text."""
        self.filled |= {name: said for name, said in given.items() if self.asks(name)}

    def asks(self, name):
        return name in self.page.choices or name in self.page.texts

    def data(self, button=None):
        """What the page's form sends."""
        form = button.form if button else "page"
        named = {button.name: button.value} if button and button.name else {}
        answers = {name: said for name, said in self.filled.items() if self.page.form_of[name] == form}
        return {**self.page.fields.get(form, {}), **answers, **named}

    def leads_to(self, button):
        return button.action or self.page.actions[button.form] or self.path

    def press(self, button):
        return self.send(self.leads_to(button), self.data(button))

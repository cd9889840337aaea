"""The texts of the pages themselves (the questionnaire's own are in fixtures/), and their translations.

`python -m tests.interface` brings every locale/*/LC_MESSAGES/django.po in line with the templates and forms,
lists what has no translation yet, and writes the .mo files that Django reads. It needs no gettext programs.
"""

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
import polib
from django.template import NodeList, Template, engines
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

from triage.templatetags.once import Once

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)s|<[^>]+>")

Text = tuple[str, str]  # context ("" where none) and text


def template_texts(template: Template) -> Iterator[Text]:
    yield from list_texts(template.nodelist)


def list_texts(nodes: NodeList) -> Iterator[Text]:
    for node in nodes.get_nodes_by_type(Once):
        yield from list_texts(node.nodelist)
    for node in nodes.get_nodes_by_type(TranslateNode):
        context = node.message_context
        yield context.var if context else "", node.filter_expression.var.literal
    for node in nodes.get_nodes_by_type(BlockTranslateNode):
        yield "", node.render_token_list(node.singular)[0]


def form_texts(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "gettext_lazy"):
            yield "", ast.literal_eval(node.args[0])


def texts() -> list[Text]:
    """Every text a page can show, in the order of the files."""
    found: list[Text] = []
    for name in ("models/clinic", "patient/forms", "forms/answers", "store/notes"):
        found += form_texts((ROOT / f"triage/{name}.py").read_text(encoding="utf-8"))
    for path in sorted((ROOT / "templates").rglob("*.html")):
        if "admin" not in path.relative_to(ROOT).parts:
            found += template_texts(engines["django"].from_string(path.read_text(encoding="utf-8")).template)
    return list(dict.fromkeys(found))


def update(catalog: polib.POFile) -> None:
    """Keep the translations of texts that are still shown, drop the others, add the new ones empty."""
    known = {(entry.msgctxt or "", entry.msgid): entry for entry in catalog}
    catalog[:] = [
        known.get((context, text)) or polib.POEntry(msgctxt=context or None, msgid=text)
        for context, text in texts()
    ]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "triage.settings")
    django.setup()
    missing = 0
    for path in LANGUAGES:
        catalog = polib.pofile(str(path), wrapwidth=110)
        update(catalog)
        catalog.save()
        catalog.save_as_mofile(str(path.with_suffix(".mo")))
        for entry in catalog.untranslated_entries():
            missing += 1
            print(f"{path.relative_to(ROOT)}: no translation of {entry.msgid!r}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

"""Checks every template of ours without rendering it: it compiles, and the strict CSP lets all of it work.

Run by `dev.py lint` as `python -m tests.templates`.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import settings
from django.template import TemplateSyntaxError, engines

FORBIDDEN = {
    re.compile(r"<style\b|\sstyle=", re.IGNORECASE): "inline style; put it into the style sheet",
    re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE): "inline script; put it into a file of static/",
    re.compile(r"\son[a-z]+=", re.IGNORECASE): "inline handler; listen from a file of static/",
    re.compile(r"\b(src|action)=[\"']?(https?:)?//", re.IGNORECASE): "another site's address; ship the file",
    re.compile(r"\|\s*safe\b|autoescape off"): "unescaped output; let Django escape it",
}


def faults(name: str, text: str) -> Iterator[str]:
    try:
        engines["django"].from_string(text)
    except TemplateSyntaxError as error:
        yield f"{name}: {error}"
    if not name.endswith(".html"):
        return  # a plain text: it is escaped where a page shows it
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, fault in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{name}:{number}: {fault}"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "triage.settings")
    django.setup()
    folder = Path(settings.BASE_DIR) / "templates"
    found = [
        fault
        for path in sorted(folder.rglob("*.*"))
        for fault in faults(str(path.relative_to(folder)), path.read_text(encoding="utf-8"))
    ]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

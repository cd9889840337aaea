"""Decide sets of answers: JSON lines in, one JSON line out for each, in order. Needs no database.

A set is an object such as {"age": "16-or-over", "leg-pain": "none", "foot-site": ["sole"]}; missing answers count
as not sure. A line that cannot be decided gives {"error": "…"}; the rest is still decided, and the exit status is 2.
"""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.domain.content import Content
from triage.domain.decision import as_json, decide
from triage.domain.loading import ContentError
from triage.domain.walk import AnswerError, read_answers, walk
from triage.store.content_files import SHIPPED, read_content


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--content", type=Path, default=SHIPPED, help="a content directory (default: the shipped one)"
        )

    def handle(self, *args: Any, content: Path, **options: Any) -> None:
        try:
            loaded = read_content(content)
        except ContentError as error:
            raise CommandError(
                f"{error}\nMend the content first: manage.py check_content {content}"
            ) from None
        failed = False
        for line in sys.stdin.buffer:
            if line.strip():
                decided = decide_line(loaded, line)
                failed = failed or "error" in decided
                sys.stdout.write(json.dumps(decided, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        if failed:
            sys.exit(2)


def decide_line(content: Content, line: bytes) -> dict[str, object]:
    try:
        raw = json.loads(line)
        if not isinstance(raw, dict):
            raise AnswerError("a line must be a JSON object")
        walked = walk(content, read_answers(content, raw))
    except (ValueError, RecursionError) as error:  # AnswerError and JSON faults alike
        return {"error": str(error) if isinstance(error, AnswerError) else f"not JSON: {error}"}
    return as_json(decide(content, walked), walked)

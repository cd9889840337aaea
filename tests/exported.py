"""What `manage.py export` writes, of submissions made for a test."""

import io
import json

from django.core.management import CommandError, call_command

from tests.visitor import NOW
from triage import actions
from triage.domain.walk import read_answers

NOTE = '=HYPERLINK("http://x","y")\u2028\x0bsecond line'


def enter(content, answers, language="en"):
    return actions.enter(content, read_answers(content, answers), language, NOW, demo=False)


def export(*arguments):
    """What the command writes, and what it says."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("export", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue(), error
    return out.getvalue(), err.getvalue(), None


def lines(text):
    return [json.loads(line) for line in text.split("\n") if line]

"""Prove what must hold for every answer set; a property that does not hold is shown with answers for `decide`."""

import gc
import json
import sys
import time
from typing import Any

from django.core.management.base import CommandParser

from triage.domain.proof.prove import Report, prove
from triage.domain.proof.space import named
from triage.management.content import ContentCommand, named_content
from triage.store import content_files, examination, releases

MOST_SHOWN = 5  # of the ways a property is broken; the first says enough


class Command(ContentCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--keep", action="store_true", help="of the shipped content: publishing it needs no other"
        )

    def handle(self, *args: Any, content: str, keep: bool, **options: Any) -> None:
        start = time.monotonic()
        # A proof makes millions of small things that stay; to look through them for rubbish takes a tenth of its time.
        gc.set_threshold(200_000, 50, 100)
        report = prove(named_content(content), self._told)
        for line in (*what_was_proved(report), *properties(report), *endings(report), *questions(report)):
            self.stdout.write(line)
        self.stdout.write(f"\n{time.monotonic() - start:.1f} s")
        if report.broken:
            names = ", ".join(dict.fromkeys(name for name, _broken in report.broken))
            self.stderr.write(f"Broken: {names}")
            sys.exit(1)
        if keep:
            text = releases.canonical(content_files.read_trees(content_files.SHIPPED))
            content_files.keep(examination.found_alone(text, report, self._told))

    def _told(self, line: str) -> None:
        self.stderr.write(f"… {line}")


def what_was_proved(report: Report) -> list[str]:
    return [
        f"Proved over {report.answer_sets:,} answer sets: all there are, none sampled.",
        f"  {report.on_path:,} of them answer no question that is not asked,",
        f"  {report.complete:,} also answer every question that is.",
        f"Method: the questions and rules as binary decision diagrams over {report.choices} yes/no choices, one for",
        "each code; a property holds when the function of the answer sets that break it is the constant no.",
        "",
    ]


def properties(report: Report) -> list[str]:
    lines = []
    for each in report.properties:
        verdict = (
            f"BROKEN in {len(each.broken)} of {each.facts} facts"
            if each.broken
            else f"holds, {each.facts} facts"
        )
        lines.append(f"{each.name:10} {each.says}: {verdict}")
        for broken in each.broken[:MOST_SHOWN]:
            lines.append(f"{'':10} - {broken.what}")
            lines += [f"{'':12} {json.dumps(answers, ensure_ascii=False)}" for answers in broken.examples]
    return lines


def endings(report: Report) -> list[str]:
    lines = ["", "What can come out, with a smallest answer set for each:"]
    for ending in report.endings:
        lines.append(f"  {named(ending.outcome):34} {ending.count:>42,}")
        lines.append(f"    {json.dumps(ending.example, ensure_ascii=False)}")
    return lines


def questions(report: Report) -> list[str]:
    serving, codes, paths = report.questions, report.codes, report.lengths
    lines = [
        "",
        f"Questions whose answer can change the decision: {len(serving['decision'])}; "
        f"only the evidence shown: {', '.join(serving['evidence']) or 'none'}; "
        f"only what the clinic reads: {', '.join(serving['clinic']) or 'none'}.",
        f"Codes read by a rule or by what is asked: {codes['decision']}; only by the evidence or a sentence: "
        f"{codes['evidence']}; only by the clinic, or as the plain other answer: {codes['clinic']}.",
    ]
    if paths:
        lines += [
            f"Screens to a result: shortest {paths.shortest}, longest {paths.longest}, mean {paths.mean:.2f} "
            "(every answer to a question as likely as any other). A longest one:",
            f"    {json.dumps(paths.longest_example, ensure_ascii=False)}",
        ]
    return lines

"""What a journey asks of the database: statements, writes and durable commits, request by request. All exact."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.answers import longest
from benchmarks.browser import Browser, journey
from benchmarks.harness import Bench, start_django
from proofs.patients import Reply
from triage.domain.walk import Answers

WRITES = ("INSERT", "UPDATE", "DELETE")
# Not asked of the data: they begin and end, or say who is connected.
NO_STATEMENTS = ("BEGIN", "SAVEPOINT", "RELEASE", "SET ")


@dataclass
class Asked:
    """What one request asked."""

    statements: int = 0
    writes: int = 0
    commits: int = 0


class Statements:
    """Counts around one request after the other; `last` is the newest."""

    last: Asked

    @contextmanager
    def __call__(self) -> Iterator[None]:
        from django.db import connection

        self.last = Asked()
        commit = connection.commit

        def counted() -> None:
            self.last.commits += 1
            commit()

        connection.commit = counted  # type: ignore[method-assign]
        try:
            with connection.execute_wrapper(self._note):
                yield
        finally:
            del connection.commit

    def _note(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(NO_STATEMENTS):
            self.last.statements += 1
        if sql.startswith(WRITES):
            self.last.writes += 1
            self.last.commits += not context["connection"].in_atomic_block
        return execute(sql, params, many, context)


def asked(application: Any, answers: Answers) -> list[tuple[str, Reply, Asked]]:
    statements = Statements()
    browser = Browser(application, statements)
    return [(what, reply, statements.last) for what, reply in journey(browser, answers)]


def measure(bench: Bench) -> None:
    from triage.store import releases
    from triage.wsgi import application

    answers = longest(releases.content(releases.current().sha256, "en"))
    asked(application, answers)  # what is loaded once per process is loaded now
    requests = asked(application, answers)
    by_kind: dict[str, list[Asked]] = defaultdict(list)
    for what, _reply, found in requests:
        by_kind[what].append(found)
    goals = {"question": 1, "answer": 3, "result page": 2}
    for what, each in by_kind.items():
        most = max(found.statements for found in each)
        same = len({(found.statements, found.writes, found.commits) for found in each}) == 1
        writes, commits = each[-1].writes, each[-1].commits
        bench.figure(
            f"statements, {what}",
            most,
            at_most=goals.get(what),
            exact=True,
            note=f"{writes} of them write, {commits} durable commits"
            + (f"; the same for each of the {len(each)}" if same and len(each) > 1 else ""),
        )
    reading = [found for what, _reply, found in requests if what.endswith("page") or what == "question"]
    bench.figure(
        "writes of all pages that are only read", sum(f.writes for f in reading), at_most=0, exact=True
    )
    pages = len(by_kind["answer"])
    bench.figure(
        "statements, whole journey",
        sum(found.statements for _what, _reply, found in requests),
        at_most=3 * pages + 6,
        exact=True,
        note=f"3n + 6 for n = {pages} answered pages",
    )


def main() -> int:
    bench = Bench("queries")
    start_django(bench)
    measure(bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())

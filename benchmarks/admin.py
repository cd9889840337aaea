"""The clinic's side among a million submissions: every page against itself among a thousand."""

from __future__ import annotations

import argparse
import re
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.browser import Browser
from benchmarks.harness import Bench, start_django
from benchmarks.queries import NO_STATEMENTS

FEW, MANY = 1_000, 1_000_000
TIMES = 7
PASSWORD = "a-password-of-this-run"
LIST = "/admin/triage/triagesession/"
PAGES = {
    "worklist": LIST,
    "tab: to review": LIST + "?tab=to-review",
    "tab: visits": LIST + "?tab=visits",
    "tab: done (most)": LIST + "?tab=done",
    "tab: all": LIST + "?tab=all",
    "page 2": LIST + "?tab=all&p=2",
    "page 20, the last there is": LIST + "?tab=all&p=20",
    "filter: emergency": LIST + "?tab=all&level__exact=3",
    "filter: routine (most)": LIST + "?tab=all&level__exact=1",
    "filter: foot": LIST + "?tab=all&origin__exact=foot",
    "filter: demo": LIST + "?tab=all&demo__exact=1",
    "filter: assigned to me": LIST + "?tab=all&assigned=me",
    "two filters": LIST + "?level__exact=3",
    "two filters, few left": LIST + "?tab=all&level__exact=3&origin__exact=foot",
    "three filters, none left": LIST + "?level__exact=2&origin__exact=back",
    "search: a whole reference": LIST + "?q={reference}",
    "search: its first four signs": LIST + "?q={beginning}",
    "search: its first sign (many)": LIST + "?q={sign}",
    "search: a label": LIST + "?q={label}",
    "search: a label and four signs": LIST + "?q={alike}",
    "search: nobody's label": LIST + "?q=nobody",
    "sort: by time": LIST + "?tab=all&o=4",
    "sort: by time, newest first": LIST + "?tab=all&o=-4",
    "sort: by reference": LIST + "?tab=all&o=1",
    "sort and filter": LIST + "?tab=all&o=4&level__exact=1",
    "sort within a tab (most)": LIST + "?tab=done&o=4",
    "filter and search": LIST + "?level__exact=1&q={beginning}",
}
UNBOUNDED = {
    "COUNT without an end": re.compile(r"COUNT\(\*\)(?!.* LIMIT \d{3,4}\))", re.IGNORECASE | re.DOTALL),
    "DISTINCT": re.compile(r"\bSELECT DISTINCT\b|COUNT\(DISTINCT", re.IGNORECASE),
    "deep OFFSET": re.compile(r"\bOFFSET \d{4,}"),
}


class Seen:
    """The statements of a request."""

    statements: list[str]

    @contextmanager
    def __call__(self) -> Iterator[None]:
        from django.db import connection

        self.statements = []
        with connection.execute_wrapper(self._note):
            yield

    def _note(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(NO_STATEMENTS):
            self.statements.append(sql)
        return execute(sql, params, many, context)


def sign_in(browser: Browser) -> None:
    """With a password and the code of a device, as clinics do."""
    from django.contrib.auth.models import Group, User
    from django_otp.oath import totp

    from triage.admin.sign_in import HALF_IN
    from triage.server.staff_sessions import SessionStore

    user, _new = User.objects.get_or_create(username="bench", defaults={"is_staff": True})
    user.set_password(PASSWORD)
    user.save()
    user.groups.set(Group.objects.filter(name__in=["Reviewers", "Managers"]))
    browser.get("/admin/login/")
    browser.post("/admin/login/", {"username": "bench", "password": PASSWORD})
    key = SessionStore(browser.cookies["staff"])[HALF_IN]["key"]
    entered = browser.post("/admin/second-factor/set-up/", {"code": f"{totp(bytes.fromhex(key)):06}"})
    assert "recovery codes" in entered.text, entered.text


def seconds(browser: Browser, path: str) -> float:
    """CPU of this process and of PostgreSQL's for one page, the least of several times. No wall clock: it would
    count what else the machine has to do."""
    least = float("inf")
    servers = server_processes()
    for _time in range(TIMES):
        begin = time.process_time() + sum(map(cpu_of, servers))
        reply = browser.get(path)
        least = min(least, time.process_time() + sum(map(cpu_of, servers)) - begin)
        assert reply.status == 200, (path, reply.status)
    return least


def queries(browser: Browser, seen: Seen, path: str) -> list[str]:
    """What a page asks. Once a minute one also notes that somebody is there: of two in a row at most one does."""
    asked = []
    for _time in range(2):
        browser.get(path)
        asked.append(seen.statements)
    return min(asked, key=len)


def server_processes() -> list[int]:
    """PostgreSQL's processes for our connections; SQLite works in this one."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        return [pid for (pid,) in cursor.fetchall()]


def cpu_of(pid: int) -> float:
    """Seconds that a process has had of a processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def addresses() -> dict[str, str]:
    from triage.models import Invitation, TriageSession
    from triage.store.labels import label_key

    opened = TriageSession.objects.filter(demo=True, record__contains="staff_result").order_by("pk").first()
    assert opened
    made, other = (TriageSession.objects.get(key_hash=f"made-{FEW // part}").reference for part in (2, 3))
    used = Invitation.objects.filter(sessions__submitted_at__isnull=False).distinct()
    alike, invitation = used[:2]
    Invitation.objects.filter(pk=alike.pk).update(label=other[:5], label_key=label_key(other[:5]))
    typed = {
        "reference": made,
        "beginning": made[:5],
        "sign": made[:1],
        "label": quote(invitation.label),
        "alike": other[:5],
    }
    lists = {name: path.format(**typed) for name, path in PAGES.items()}
    today = {
        "overview": LIST + "overview/",
        "agreement": LIST + "agreement/",
        "export, its form": LIST + "export/",
    }
    return {**lists, "submission": f"{LIST}{opened.pk}/change/", **today}


def measure(bench: Bench, many: int) -> None:
    from django.core.management import call_command

    from benchmarks.submissions import grow_to
    from triage.models import Clinic
    from triage.wsgi import application

    call_command("create_demo", verbosity=0)
    # What is told by mail is looked for on each page.
    Clinic.objects.update(tell_about="urgent", mail="desk@example.org", second_mail="second@example.org")
    seen = Seen()
    browser = Browser(application, seen)
    sign_in(browser)
    grow_to(FEW)
    pages = addresses()
    before = {name: seconds(browser, path) for name, path in pages.items()}
    bench.tell(f"making {many:,} submissions")
    grow_to(many)
    faults = []
    for name, path in pages.items():
        after = seconds(browser, path)
        asked = queries(browser, seen, path)
        bench.figure(
            f"CPU of {name}, among {many:,} / {FEW:,}",
            after / before[name],
            at_most=2.0,
            note=f"{after * 1000:.0f} ms, {len(asked)} queries",
        )
        if name in PAGES:
            bench.figure(f"queries of {name}", len(asked), at_most=12, exact=True)
            faults += [
                f"{fault} in {name}"
                for fault, pattern in UNBOUNDED.items()
                if any(pattern.search(sql) for sql in asked)
            ]
    bench.figure(
        "lists with an unbounded COUNT, DISTINCT or OFFSET",
        len(faults),
        at_most=0,
        exact=True,
        note="; ".join(faults),
    )
    export(bench)


def export(bench: Bench) -> None:
    """Reading a hundred records, and reading them ten times over: what it keeps in memory must not grow."""
    from triage.exports import FORMATS
    from triage.exports.stream import Export
    from triage.models import TriageSession

    one = TriageSession.objects.select_related("release").filter(demo=True, language="en").order_by("pk")[0]

    def peak(count: int) -> tuple[float, float]:
        tracemalloc.start()
        begin = time.process_time()
        written = sum(len(text) for text in Export(FORMATS["submissions"], [one] * count, notes=False))
        took, memory = time.process_time() - begin, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert written
        return memory, took

    peak(10)
    few, many = peak(100), peak(1000)
    bench.figure("memory of an export, 1,000 submissions / 100", many[0] / few[0], at_most=1.2)
    bench.figure("CPU of an export by submission, 1,000 / 100", many[1] / few[1] / 10, at_most=1.5)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=MANY)
    options = parser.parse_args()
    bench = Bench("admin")
    start_django(bench)
    measure(bench, options.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())

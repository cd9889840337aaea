"""The engine without a web around it: how many answer sets it decides, how its cost grows, what loading costs."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise

from benchmarks.answers import drawn, longest
from benchmarks.harness import Bench, calls_of, least_cpu, start_django
from benchmarks.questionnaires import generated
from triage.domain.content import Content
from triage.domain.decision import decide
from triage.domain.explain import explain
from triage.domain.loading import load
from triage.domain.walk import Answers, walk
from triage.store.content_files import SHIPPED, read_content, read_trees

SIZES = (10, 100, 1000)
COUNT = 500
# Two workers, each with a page behind it; they print how much memory they keep, in KiB.
ASK = """
import io
from pathlib import Path
from wsgiref.util import setup_testing_defaults
environ = {"PATH_INFO": PAGE, "HTTP_HOST": "127.0.0.1", "wsgi.input": io.BytesIO()}
setup_testing_defaults(environ)
b"".join(application(environ, lambda *head: None))
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
"""
BARE = """
from django.conf import settings
PAGE = "/admin/login/"
names = ["admin", "auth", "contenttypes", "sessions", "messages", "staticfiles"]
settings.configure(SECRET_KEY="x" * 50, ALLOWED_HOSTS=["*"], ROOT_URLCONF="__main__", MIDDLEWARE=%s,
    INSTALLED_APPS=["django.contrib." + name for name in names],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
        "context_processors": ["django.template.context_processors.request"]}}])
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
from django.contrib import admin
from django.urls import path
urlpatterns = [path("admin/", admin.site.urls)]
"""
OURS = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "triage.settings")
from triage.wsgi import application
PAGE = "/"
"""


def decide_all(content: Content, sets: list[Answers]) -> None:
    for answers in sets:
        decide(content, walk(content, answers))


def speed(bench: Bench, content: Content) -> None:
    sets = [drawn(content, random.Random(seed)) for seed in range(COUNT)]
    seconds = least_cpu({"all": partial(decide_all, content, sets)})["all"]
    bench.figure("answer sets walked and decided a second", round(COUNT / seconds), at_least=20_000)


def growth(bench: Bench, shipped: Content) -> None:
    """Ten times the items: how many times the calls, and the CPU."""
    works: dict[str, Callable[[], object]] = {}
    calls = {}
    for size in SIZES:
        content = generated(shipped, size)
        sets = [drawn(content, random.Random(seed)) for seed in range(20)]
        works[str(size)] = partial(decide_all, content, sets)
        works[str(size)]()
        calls[size] = calls_of(works[str(size)])
    seconds = least_cpu(works)
    for less, more in pairwise(SIZES):
        bench.figure(
            f"calls for {more:,} items by those for {less:,}, by items",
            calls[more] / calls[less] / 10,
            at_most=1.1,
        )
        bench.figure(
            f"CPU for {more:,} items by that for {less:,}, by items",
            seconds[str(more)] / seconds[str(less)] / 10,
            at_most=1.5,
        )


def loading(bench: Bench) -> None:
    trees = read_trees(SHIPPED)
    bench.figure(
        "loading a release, ms", least_cpu({"load": lambda: load(trees)})["load"] * 1000, at_most=100
    )


def explaining(bench: Bench, content: Content) -> None:
    walked = walk(content, longest(content))
    decision = decide(content, walked)
    explain(content, walked, decision)
    work = partial(explain, content, walked, decision)
    bench.figure("explaining a decision, ms", least_cpu({"explain": work})["explain"] * 1000, at_most=20)


def memory(bench: Bench) -> None:
    """A worker of ours against one of a new Django project, both after their first page."""

    def resident(code: str) -> int:
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        return int(done.stdout.split()[-1])

    from benchmarks.peer_settings import MIDDLEWARE

    bare, ours = resident(BARE % MIDDLEWARE + ASK), resident(OURS + ASK)
    bench.figure(
        "memory of a worker, ours / bare Django", ours / bare, at_most=1.4, note=f"{ours // 1024} MB"
    )


def once_per_process(bench: Bench) -> None:
    """How often a process loads its release, over several pages."""
    from benchmarks.browser import Browser
    from triage.store import releases
    from triage.wsgi import application

    browser = Browser(application)
    for _page in range(5):
        browser.get("/")
    loads = releases.content.cache_info().misses
    bench.figure("loads of a release in a process that served 5 pages", loads, at_most=1, exact=True)


def main() -> int:
    bench = Bench("engine")
    content = read_content()
    speed(bench, content)
    growth(bench, content)
    loading(bench)
    explaining(bench, content)
    start_django(bench)
    memory(bench)
    once_per_process(bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())

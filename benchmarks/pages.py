"""What a patient waits for on a phone: in a whole journey, and for the first page; against SurveyJS, LForms and
django-formtools with the same questions."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.answers import longest
from benchmarks.harness import Bench
from benchmarks.npm import BOOTSTRAP, install, peers
from benchmarks.waiting import FAST, PHONE, SIZE, THIRD_GENERATION, Journey, Line, Site, go_through
from dev import CHROMIUM, find_chromium
from proofs.servers import Footpath, footpath
from triage.domain.content import Content
from triage.domain.walk import Answers
from triage.store.content_files import read_content

ROUNDS = 5
# What may be waited for in a whole journey, by the peer's; judged on the phone.
GOALS = {"SurveyJS": 0.8, "LForms": 0.35, "formtools": 0.35}
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


@contextmanager
def sites(content: Content) -> Iterator[dict[str, Site]]:
    """All four, each where its server has it. Ours begins at the start page and ends with the result."""
    folder, database = Path(os.environ["DATA_DIR"]), os.environ["DATABASE_URL"]
    ours = Footpath(folder, database)
    home = f"http://127.0.0.1:{ours.serve()}/"
    try:
        with peers(content) as port, footpath() as formtools:
            files = f"http://127.0.0.1:{port}"
            formtools.environment["PEER_STYLE"] = f"{files}/{BOOTSTRAP}"
            wizard = f"http://127.0.0.1:{formtools.serve(settings='benchmarks.peer_settings')}/peer/"
            each = (
                Site("ours", home, "main h1", "main form button", "main .code"),
                Site(
                    "SurveyJS",
                    f"{files}/surveyjs.html",
                    "#form input, #form textarea, .sd-completedpage",
                    ".sd-navigation__next-btn, .sd-navigation__complete-btn",
                    ".sd-completedpage",
                    '[data-name="{item}"] input[value="{code}"]',
                ),
                Site("LForms", f"{files}/lforms.html", "#form input[type=radio]", "nothing", "#form input"),
                Site("formtools", wizard, "h1, dl", "[name=go-on]", "dl"),
            )
            yield {site.name: site for site in each}
    finally:
        ours.kill()


# The whole journey


def waiting(
    bench: Bench, browser: Browser, sites: dict[str, Site], answers: Answers, line: Line, rounds: int
) -> None:
    """Side by side, in turn."""
    journeys: dict[str, list[Journey]] = {name: [] for name in sites}
    for number in range(rounds):
        for name, site in sites.items():
            journeys[name].append(go_through(browser, site, line, answers))
            bench.tell(f"{line.name}, round {number + 1}, {name}: {journeys[name][-1].whole:,.0f} ms")
    ours = middle(journeys["ours"])
    bench.figure(f"waiting in a whole journey, s ({line.name})", ours / 1000, note=paged(journeys["ours"]))
    for name, goal in GOALS.items():
        theirs = middle(journeys[name])
        note = f"{theirs / 1000:.1f} s; {paged(journeys[name])}"
        at_most = goal if line is PHONE else None
        bench.figure(f"the same, ours / {name} ({line.name})", ours / theirs, at_most=at_most, note=note)


def middle(journeys: list[Journey]) -> float:
    return statistics.median(journey.whole for journey in journeys)


def paged(journeys: list[Journey]) -> str:
    """The first page and the later ones."""
    first = statistics.median(journey.waits[0] for journey in journeys)
    later = [wait for journey in journeys for wait in journey.waits[1:]]
    if not later:
        return f"all on one page, {first:,.0f} ms"
    pages = len(journeys[0].waits) - 1
    return f"first page {first:,.0f} ms, each of {pages} later ones {statistics.median(later):,.0f} ms"


def steadiness(bench: Bench, browser: Browser, ours: Site, answers: Answers) -> None:
    """Every page answered by tapping, on the slow phone."""
    found = go_through(browser, ours, PHONE, answers, by_hand=True)
    for name, worst, goal in (
        ("longest from an input to its paint, ms", found.inputs, 200),
        ("layout shift", found.shifts, 0),
    ):
        page, value = max(worst.items(), key=lambda each: each[1], default=("no page", 0))
        bench.figure(f"{name}, worst of all pages", value, at_most=goal, note=page)


# One page


def look(browser: Browser, url: str, state: Any = None) -> dict[str, float]:
    """One cold visit: bytes and requests over the line, and when there was something to see."""
    context = browser.new_context(viewport=SIZE, storage_state=state)
    page = context.new_page()
    line = context.new_cdp_session(page)
    found = {"bytes": 0.0, "requests": 0.0}

    def count(event: dict[str, Any]) -> None:
        found["bytes"] += event["encodedDataLength"]
        found["requests"] += 1

    line.on("Network.loadingFinished", count)
    PHONE.slow_down(page)
    line.send("Network.enable")
    page.goto(url, wait_until="load", timeout=120_000)
    page.wait_for_selector("input, main .code", state="attached", timeout=120_000)
    page.wait_for_function(f"{FIRST_PAINT} > 0", timeout=60_000)
    page.wait_for_load_state("networkidle")
    found["first paint"] = page.evaluate(FIRST_PAINT)
    found["HTML"] = page.evaluate("performance.getEntriesByType('navigation')[0].decodedBodySize")
    context.close()
    return found


def at_the_first_question(browser: Browser, home: str) -> tuple[str, Any]:
    """Its address, and the cookies of somebody there."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(home)
    page.get_by_role("button", name="Start now").click()
    page.wait_for_url("**/questions/**")
    found = page.url, context.storage_state()
    context.close()
    return found


def first_pages(
    bench: Bench, browser: Browser, sites: dict[str, Site], answers: Answers, rounds: int
) -> None:
    ours = sites["ours"]
    end = go_through(browser, ours, FAST, answers)
    pages = {
        "question": at_the_first_question(browser, ours.address),
        "result": (end.address, end.state),
        "SurveyJS": (sites["SurveyJS"].address, None),
        "LForms": (sites["LForms"].address, None),
    }
    visits: dict[str, list[dict[str, float]]] = {name: [] for name in pages}
    for _round in range(rounds):
        for name, (url, state) in pages.items():
            visits[name].append(look(browser, url, state))
    found = {
        name: {what: statistics.median(visit[what] for visit in seen) for what in seen[0]}
        for name, seen in visits.items()
    }
    question, result = found["question"], found["result"]
    note = f"{question['requests']:.0f} requests"
    size = int(question["bytes"])
    bench.figure("bytes over the line, first question page", size, at_most=14_000, note=note)
    for name, sooner in (("SurveyJS", 5), ("LForms", 9)):
        theirs = found[name]
        goal = 1 / 20 if name == "SurveyJS" else None
        note = f"{theirs['bytes']:,.0f} bytes, {theirs['requests']:.0f} requests"
        bench.figure(f"bytes, ours / {name}", size / theirs["bytes"], at_most=goal, note=note)
        ratio = theirs["first paint"] / question["first paint"]
        bench.figure(f"first paint of the first question, {name} / ours", ratio, at_least=sooner)
    later = result["first paint"] / question["first paint"]
    note = f"{result['first paint']:,.0f} ms; nothing kept by the browser"
    bench.figure("first paint, result page / question page", later, at_most=1.2, note=note)
    bench.figure("bytes of HTML, result page", int(result["HTML"]), at_most=60_000)


def measure(bench: Bench, browser: Browser, rounds: int) -> None:
    content = read_content()
    answers = {key: given for key, given in longest(content).items() if content.items[key].kind != "text"}
    with sites(content) as there:
        for line in (PHONE, FAST, THIRD_GENERATION):
            waiting(bench, browser, there, answers, line, rounds)
        steadiness(bench, browser, there["ours"], answers)
        first_pages(bench, browser, there, answers, rounds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    if not find_chromium():
        sys.exit(f"This benchmark needs one of: {', '.join(CHROMIUM)}.")
    install()
    bench = Bench("pages")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        bench.tell(browser.version)
        measure(bench, browser, options.rounds)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

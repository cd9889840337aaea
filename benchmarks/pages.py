"""The first question page on a phone with a slow line, against SurveyJS and LForms with the same questions.

The peers come from npm into a folder beside the database, only when this benchmark is asked for.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.harness import Bench
from dev import CHROMIUM, find_chromium
from proofs.servers import ROOT, Footpath
from triage.domain.content import Content, Item
from triage.store.content_files import read_content

ROUNDS = 5
PACKAGES = ("survey-core@2.5.38", "survey-js-ui@2.5.38", "lforms@40.1.3")
CACHE = ROOT / "var" / "npm"  # git ignores it
PHONE: Any = {"width": 390, "height": 844}
SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 94_000,
}  # 1.6 Mbit/s
SLOWER_CPU = 4
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
# LForms has all questions on one page.
GO_ON = {"ours": "button[name=go-on]", "SurveyJS": ".sv_next_btn, .sd-navigation__next-btn"}
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"

SURVEYJS = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Questions</title>
<link rel="stylesheet" href="survey-core/survey-core.fontless.min.css">
<script src="survey-core/survey.core.min.js"></script>
<script src="survey-js-ui/survey-js-ui.min.js"></script></head>
<body><div id="form"></div>
<script>new Survey.Model(%s).render(document.getElementById("form"))</script></body></html>"""
LFORMS = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Questions</title>
<link rel="stylesheet" href="lforms/dist/lforms/webcomponent/styles.css"></head>
<body><div id="form"></div>
<script src="lforms/dist/lforms/webcomponent/assets/lib/zone.min.js"></script>
<script src="lforms/dist/lforms/webcomponent/lhc-forms.js"></script>
<script src="lforms/dist/lforms/fhir/R4/lformsFHIR.min.js"></script>
<script>addEventListener("load", () =>
LForms.Util.addFormToPage(%s, "form", {fhirVersion: "R4"}))</script></body></html>"""


def install() -> None:
    if all((CACHE / "node_modules" / package.partition("@")[0]).exists() for package in PACKAGES):
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"]
    subprocess.run(
        ["npm", "install", *quiet, "--prefix", str(CACHE), *PACKAGES], check=True, stdout=sys.stderr
    )


# The same questions in their words


def surveyjs(content: Content) -> dict[str, Any]:
    kinds = {"one": "radiogroup", "many": "checkbox", "text": "comment"}

    def element(item: Item) -> dict[str, Any]:
        choices = [{"value": option.code, "text": option.text} for option in item.options]
        return {"type": kinds[item.kind], "name": item.key, "title": item.text, "choices": choices}

    return {
        "pages": [
            {"name": screen.key, "elements": list(map(element, screen.items))} for screen in content.screens
        ]
    }


def questionnaire(content: Content) -> dict[str, Any]:
    """FHIR R4, as plain as can be."""

    def item(found: Item) -> dict[str, Any]:
        options = [{"valueCoding": {"code": option.code, "display": option.text}} for option in found.options]
        asked: dict[str, Any] = {"linkId": found.key, "text": found.text}
        if found.kind == "text":
            return {**asked, "type": "text"}
        control = {"coding": [{"code": "radio-button" if found.kind == "one" else "check-box"}]}
        url = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
        extension = [{"url": url, "valueCodeableConcept": control}]
        more = {
            "type": "choice",
            "repeats": found.kind == "many",
            "answerOption": options,
            "extension": extension,
        }
        return {**asked, **more}

    return {
        "resourceType": "Questionnaire",
        "status": "active",
        "item": list(map(item, content.items.values())),
    }


# Serving them: compressed, as a careful site would


class Files(BaseHTTPRequestHandler):
    pages: dict[str, bytes] = {}

    def do_GET(self) -> None:
        name = self.path.lstrip("/").partition("?")[0]
        body = self.pages.get(name) or compressed(CACHE / "node_modules" / name)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", TYPES.get(Path(name).suffix, "application/octet-stream"))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the terminal has the figures."""


@cache
def compressed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes()) if path.is_file() else b""


@contextmanager
def peers(content: Content) -> Iterator[int]:
    """A server for both; its port."""
    for name, page, data in (
        ("surveyjs.html", SURVEYJS, surveyjs(content)),
        ("lforms.html", LFORMS, questionnaire(content)),
    ):
        Files.pages[name] = gzip.compress((page % json.dumps(data)).encode())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


# Looking


def look(browser: Browser, name: str, url: str, state: Any) -> dict[str, float]:
    """One cold visit: bytes and requests over the line, and when the first thing and the first answer were there."""
    context = browser.new_context(viewport=PHONE, storage_state=state)
    page = context.new_page()
    line = context.new_cdp_session(page)
    found = {"bytes": 0.0, "requests": 0.0}

    def count(event: dict[str, Any]) -> None:
        found["bytes"] += event["encodedDataLength"]
        found["requests"] += 1

    line.on("Network.loadingFinished", count)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW)
    line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_CPU})
    begin = time.perf_counter()
    page.goto(url, wait_until="commit", timeout=120_000)
    page.wait_for_selector("input[type=radio]", state="attached", timeout=120_000)
    found["first answer, ms"] = (time.perf_counter() - begin) * 1000
    page.wait_for_function(f"{FIRST_PAINT} > 0", timeout=60_000)
    page.wait_for_load_state("load", timeout=120_000)
    found["first paint, ms"] = page.evaluate(FIRST_PAINT)
    if button := GO_ON.get(name):
        found["next page, ms"] = a_page_further(page, button)
    context.close()
    return found


def begun(browser: Browser, address: str) -> tuple[str, Any]:
    """Somebody at the first question: its address, and the cookies."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Start now").click()
    page.wait_for_url("**/questions/**")
    question, state = page.url, context.storage_state()
    context.close()
    return question, state


def a_page_further(page: Page, button: str) -> float:
    """Milliseconds from the tap to the next page's questions."""
    asked = page.locator("body").inner_text()
    page.locator("input[type=radio]").first.check(force=True)
    begin = time.perf_counter()
    page.locator(button).first.click(no_wait_after=True)
    page.wait_for_function(
        "asked => document.querySelector('input[type=checkbox]') && document.body.innerText !== asked",
        arg=asked,
    )
    return (time.perf_counter() - begin) * 1000


def measure(bench: Bench, ours: int, others: int) -> None:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        question, state = begun(browser, f"http://127.0.0.1:{ours}/")
        urls = {
            "ours": question,
            "SurveyJS": f"http://127.0.0.1:{others}/surveyjs.html",
            "LForms": f"http://127.0.0.1:{others}/lforms.html",
        }
        visits: dict[str, list[dict[str, float]]] = {name: [] for name in urls}
        for _round in range(ROUNDS):
            for name, url in urls.items():
                visits[name].append(look(browser, name, url, state if name == "ours" else None))
        bench.tell(browser.version)
        browser.close()
    tell(bench, {name: middle(found) for name, found in visits.items()})


def middle(visits: list[dict[str, float]]) -> dict[str, float]:
    return {what: statistics.median(visit[what] for visit in visits) for what in visits[0]}


def tell(bench: Bench, found: dict[str, dict[str, float]]) -> None:
    ours = found["ours"]
    bench.figure(
        "bytes over the line, first question page",
        int(ours["bytes"]),
        note=f"{ours['requests']:.0f} requests",
    )
    for name, sooner in (("SurveyJS", 5), ("LForms", 9)):
        theirs = found[name]
        goal = 1 / 20 if name == "SurveyJS" else None
        note = f"{theirs['bytes']:,.0f} bytes, {theirs['requests']:.0f} requests"
        bench.figure(f"bytes, ours / {name}", ours["bytes"] / theirs["bytes"], at_most=goal, note=note)
        bench.figure(
            f"first paint, {name} / ours",
            theirs["first paint, ms"] / ours["first paint, ms"],
            at_least=sooner,
        )
        bench.figure(
            f"first answer to tap, {name} / ours", theirs["first answer, ms"] / ours["first answer, ms"]
        )
    bench.figure(
        "from one page to the next, SurveyJS / ours",
        found["SurveyJS"]["next page, ms"] / ours["next page, ms"],
        note="below 1 SurveyJS is faster: it has all pages already, ours come over the line",
    )


def main() -> int:
    if not find_chromium():
        sys.exit(f"This benchmark needs one of: {', '.join(CHROMIUM)}.")
    install()
    bench = Bench("pages")
    site = Footpath(Path(os.environ["DATA_DIR"]), os.environ["DATABASE_URL"])
    try:
        with peers(read_content()) as others:
            measure(bench, site.serve(), others)
    finally:
        site.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())

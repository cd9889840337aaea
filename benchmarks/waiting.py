"""How long a person waits in a whole journey: from each tap on "go on" until the next page is painted and can be used.

The page itself takes the time, in its own clock: when the tap came, and the first moment after the next page was drawn
in which it would listen to another. What a driver of browsers needs between pages is in none of it.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page

from triage.domain.walk import Answers

SIZE: Any = {"width": 390, "height": 844}
PATIENCE = 120.0  # seconds for one page
READS = 300  # milliseconds before answering, and between that and going on


@dataclass(frozen=True)
class Line:
    """What stands between the person and the server."""

    name: str
    bits: int  # a second, 0 for as many as there are
    latency: int  # milliseconds
    slower: int  # how many times slower the processor is

    def slow_down(self, page: Page) -> None:
        session, rate = page.context.new_cdp_session(page), self.bits / 8 or -1
        line = {
            "offline": False,
            "latency": self.latency,
            "downloadThroughput": rate,
            "uploadThroughput": rate,
        }
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", line)
        session.send("Emulation.setCPUThrottlingRate", {"rate": self.slower})


PHONE = Line("1.6 Mbit/s, 150 ms, processor 4 times slower", 1_600_000, 150, 4)
FAST = Line("20 ms", 0, 20, 1)
THIRD_GENERATION = Line("400 kbit/s, 400 ms, processor 4 times slower", 400_000, 400, 4)


@dataclass(frozen=True)
class Site:
    """A questionnaire somewhere: what a page of it has, what leads on, what its end has, and how a box is found."""

    name: str
    address: str
    page: str
    go_on: str
    end: str
    box: str = 'input[name="{item}"][value="{code}"]'
    state: Any = None  # the browser's cookies


@dataclass
class Journey:
    """What one person waited for, in milliseconds, page by page, and how steady the pages were."""

    waits: list[float] = field(default_factory=list)
    inputs: Counter[str] = field(
        default_factory=Counter
    )  # the longest from an input to what it changed, by page
    shifts: Counter[str] = field(default_factory=Counter)  # layout shift, by page
    address: str = ""  # where it ended, and the browser's cookies there
    state: Any = None

    @property
    def whole(self) -> float:
        return sum(self.waits)


WATCH = """
(() => {
  const PAGE = %(page)r, GO_ON = %(go_on)r;
  const here = () => location.pathname;
  const shown = () => document.querySelector(PAGE)
    ? here() + [...document.querySelectorAll("input, textarea")].map((box) => box.name || box.id) : "";
  const frame = () => new Promise(requestAnimationFrame);
  const free = () => new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(0);
  });
  const next = async (before) => {
    while (document.readyState === "loading" || !shown() || shown() === before) await frame();
    await frame();
    await free();
    told("shown", performance.timeOrigin + performance.now(), here());
  };
  addEventListener("click", (event) => {
    if (!event.isTrusted || !event.target.closest(GO_ON)) return;
    told("tapped", performance.timeOrigin + event.timeStamp, here());
    next(shown());
  }, true);
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) told("shift", value, here());
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => {
    for (const { duration, interactionId } of list.getEntries()) if (interactionId) told("input", duration, here());
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
  told("opened", performance.timeOrigin, here());
  next("");
})()
"""


class Watched:
    """A page that tells what happens on it, and when."""

    def __init__(self, browser: Browser, site: Site, line: Line) -> None:
        self.context = browser.new_context(viewport=SIZE, has_touch=True, storage_state=site.state)
        self.journey = Journey()
        self.seen: list[tuple[str, float]] = []
        self.context.expose_function("told", self._hear)
        self.context.add_init_script(WATCH % vars(site))
        self.page = self.context.new_page()
        line.slow_down(self.page)

    def _hear(self, what: str, value: float, path: str) -> None:
        if what == "shift":
            self.journey.shifts[path] += value  # type: ignore[assignment]  # a fraction of the window
        elif what == "input":
            self.journey.inputs[path] = max(self.journey.inputs[path], value)  # type: ignore[assignment]
        else:
            self.seen.append((what, value))

    def wait(self, since: str) -> None:
        """Until a page was shown after this; how long that took is kept."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            names = [what for what, _moment in self.seen]
            if since in names and "shown" in names[names.index(since) :]:
                begin = names.index(since)
                moment = self.seen[names.index("shown", begin)][1]
                self.journey.waits.append(moment - self.seen[begin][1])
                self.seen.clear()
                return
            self.page.wait_for_timeout(20)
        raise RuntimeError(f"no page after {self.seen} at {self.page.url}")


def go_through(browser: Browser, site: Site, line: Line, answers: Answers, by_hand: bool = False) -> Journey:
    """From the first address to the end, with these answers; `by_hand`: each is tapped."""
    watched = Watched(browser, site, line)
    page = watched.page
    page.goto(site.address, wait_until="commit", timeout=PATIENCE * 1000)
    watched.wait("opened")
    while not page.locator(site.end).count():
        boxes = [
            site.box.format(item=item, code=code) for item, codes in answers.items() for code in codes if code
        ]
        answer(page, boxes, by_hand)
        page.wait_for_timeout(READS)
        page.locator(site.go_on).first.tap(no_wait_after=True)
        watched.wait("tapped")
    page.wait_for_timeout(READS)
    watched.journey.address, watched.journey.state = page.url, watched.context.storage_state()
    watched.context.close()
    return watched.journey


CLICK = """boxes => boxes.flatMap(box => [...document.querySelectorAll(box)]).filter(box => !box.checked)
    .forEach(box => box.click())"""


def answer(page: Page, boxes: list[str], by_hand: bool) -> None:
    if not by_hand:
        page.evaluate(CLICK, boxes)
        return
    page.wait_for_timeout(READS)
    for folded in page.locator("main .listed:not([open]) > summary:visible").all():
        folded.tap()
    for box in boxes:
        for found in page.locator(f"{box}:not(:checked)").all():
            page.locator(f"label[for='{found.get_attribute('id')}']").tap()
            page.wait_for_timeout(READS)

"""The figures as JSON (results.json, from which tests read what holds exactly), and as two pages of docs/: the main
ones in performance.md, all of them in figures.md."""

from __future__ import annotations

import json
import os
import platform
import re
import sqlite3
from collections.abc import Iterator
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).with_name("results.json")
DOCS = ROOT / "docs"
PACKAGES = ("Django", "django-crispy-forms", "crispy-bootstrap5", "django-formtools", "psycopg", "gunicorn")

# Which figures of each benchmark performance.md shows: all, or those whose name this matches.
MAIN = {
    "queries": "statements, (question|answer|submit|result page|whole journey)",
    "journey": "(calls|CPU) of a page and its answer|CPU of a journey",
    "engine": "answer sets|loading a release, ms|memory",
    "start": "dev.py run",
    "admin": "worst of|lists with|memory of an export",
}
# Of the clinic's many pages, only the worst: which figures, and what they are of.
WORST = (
    ("CPU of (.*), among .*", "CPU among 1,000,000 / 1,000"),
    ("queries of (.*)", "statements"),
)

Figures = list[dict[str, Any]]

INTRODUCTION = """# Performance

First what people wait for, then what it costs, then how far it scales. All figures and how each was measured are in
[figures.md](figures.md); `python3 dev.py bench` makes both pages from `benchmarks/results.json`. Every figure is an
exact count, or was measured in turn with what it is compared to, in the same run: read the ratios.
"""
ALL_FIGURES = """# All figures

What [performance.md](performance.md) leaves out: every figure of the benchmarks, and how it was measured. Made by
`python3 dev.py bench`, not by hand. The exact counts are held by `tests/test_budgets.py`.

Goals that no longer serve are gone: how many times more a journey costs than views that do nothing, how a page by our
pack compares with one by hand, and a number of statements for each page. Nobody waits for any of them.
"""
SECTIONS = {
    "pages": "What people wait for: a journey on a phone",
    "queries": "Cost: what a journey asks of the database",
    "journey": "Cost: a journey, against django-formtools",
    "engine": "Cost: the engine",
    "start": "Cost: starting",
    "admin": "Scale: the clinic's side among a million submissions",
    "machines": "Scale: several web processes on one PostgreSQL",
    "stored": "Scale: what is stored",
}


def line(figure: dict[str, Any]) -> str:
    """A figure for the terminal."""
    return "{bench:9} {database:10} {name:70} {value:>12} {goal:>10} {verdict:8} {note}".format(
        **figure | {"value": f"{figure['value']:,}", "verdict": verdict(figure)}
    )


def verdict(figure: dict[str, Any]) -> str:
    return {True: "met", False: "NOT MET", None: ""}[figure["met"]]


def as_json(figures: Figures) -> str:
    return json.dumps({"machine": machine(), "figures": figures}, ensure_ascii=False, indent=1) + "\n"


def machine() -> dict[str, str]:
    """What the figures depend on: no name and no path."""
    return {
        "processor": f"{os.cpu_count()} cores, {platform.machine()}",
        "load average": f"{os.getloadavg()[2]:.0f} (what else ran meanwhile)",
        "system": platform.system(),
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        **{name: version(name) for name in PACKAGES},
    }


def keep(figures: Figures) -> None:
    """Put these in place of the older ones of the same benchmarks, and write the page anew."""
    older: Figures = json.loads(RESULTS.read_text(encoding="utf-8"))["figures"] if RESULTS.exists() else []
    new = {figure["bench"] for figure in figures}
    kept = [figure for figure in older if figure["bench"] not in new]
    order = list(SECTIONS)
    together = sorted(kept + figures, key=lambda figure: order.index(figure["bench"]))
    RESULTS.write_text(as_json(together), encoding="utf-8")
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    (DOCS / "performance.md").write_text(page(results), encoding="utf-8")
    (DOCS / "figures.md").write_text(all_figures(results), encoding="utf-8")


def page(results: dict[str, Any]) -> str:
    parts = [INTRODUCTION, _missed(results["figures"])]
    for bench, figures in _by_bench(results):
        parts.append(f"## {SECTIONS[bench]}\n\n{_text(bench)}{_table(_main(bench, figures))}")
    return "\n".join(parts)


def all_figures(results: dict[str, Any]) -> str:
    parts = [ALL_FIGURES]
    for bench, figures in _by_bench(results):
        parts.append(f"## {SECTIONS[bench]}\n\n{_text(f'more/{bench}')}{_table(figures)}")
    versions = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    parts.append(f"## Measured with\n\n{versions}.\n")
    return "\n".join(parts)


def _by_bench(results: dict[str, Any]) -> Iterator[tuple[str, Figures]]:
    for bench, figures in groupby(results["figures"], key=lambda figure: figure["bench"]):
        yield bench, list(figures)


def _text(name: str) -> str:
    path = Path(__file__).with_name("texts") / f"{name}.md"
    return path.read_text(encoding="utf-8") + "\n" if path.exists() else ""


def _main(bench: str, figures: Figures) -> Figures:
    shown = re.compile(MAIN.get(bench, ""))
    worst = [_worst(figures, *each) for each in WORST] if bench == "admin" else []
    return [figure for figure in [*worst, *figures] if shown.match(figure["name"])]


def _worst(figures: Figures, kind: str, what: str) -> dict[str, Any]:
    """Of all the clinic's pages the one that comes out worst, with which it is."""
    of_pages = [figure for figure in figures if re.fullmatch(kind, figure["name"])]
    worst = max(of_pages, key=lambda figure: float(figure["value"]))
    (page,) = re.fullmatch(kind, worst["name"]).groups()  # type: ignore[union-attr]  # it is one of them
    return {**worst, "name": f"worst of {len(of_pages)} pages, {what}", "note": page}


def _missed(figures: Figures) -> str:
    judged = [figure for figure in figures if figure["met"] is not None]
    missed = [figure for figure in judged if not figure["met"]]
    rows = "".join(
        f"- {figure['name']} ({figure['database'] or 'no database'}): {figure['value']:,}, goal {figure['goal']}\n"
        for figure in missed
    )
    return f"{len(judged) - len(missed)} of {len(judged)} goals are met. Not met:\n\n{rows or '- none'}"


def _together(found: dict[str, dict[str, Any]]) -> str:
    """One verdict for a row, and where it is not met if that is not everywhere."""
    missed = [database for database, figure in found.items() if figure["met"] is False]
    if not missed or len(missed) == len(found):
        return verdict(next(iter(found.values()))).lower()
    return f"not met on {', '.join(missed)}"


def _table(figures: Figures) -> str:
    """A row for each thing measured, a column for each database."""
    databases = list(dict.fromkeys(figure["database"] for figure in figures))
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for figure in figures:
        rows.setdefault(figure["name"], {})[figure["database"]] = figure
    head = ["", *(database or "value" for database in databases), "goal", "met", "note"]
    lines = [head, ["---"] * len(head)]
    for name, found in rows.items():
        any_of_them = next(iter(found.values()))
        lines.append(
            [
                name,
                *(f"{found[database]['value']:,}" if database in found else "" for database in databases),
                any_of_them["goal"],
                _together(found),
                any_of_them["note"],
            ]
        )
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)

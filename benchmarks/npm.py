"""SurveyJS and LForms with the same questions, served as a careful site would.

They come from npm into a folder beside the database, only when a benchmark asks for them.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from proofs.servers import ROOT
from triage.domain.content import Content, Item

PACKAGES = ("survey-core@2.5.38", "survey-js-ui@2.5.38", "lforms@40.1.3", "bootstrap@5.3.8")
CACHE = ROOT / "var" / "npm"  # git ignores it
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
BOOTSTRAP = "bootstrap/dist/css/bootstrap.min.css"  # what the pages of django-formtools are dressed with

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
    kinds = {"one": "radiogroup", "scale": "radiogroup", "many": "checkbox", "text": "comment"}

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
        control = {"coding": [{"code": "radio-button" if found.takes_one else "check-box"}]}
        url = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
        extension = [{"url": url, "valueCodeableConcept": control}]
        more = {
            "type": "choice",
            "repeats": not found.takes_one,
            "answerOption": options,
            "extension": extension,
        }
        return {**asked, **more}

    return {
        "resourceType": "Questionnaire",
        "status": "active",
        "item": list(map(item, content.items.values())),
    }


# Serving them: compressed, and kept by the browser


class Files(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    pages: dict[str, bytes] = {}

    def do_GET(self) -> None:
        name = self.path.lstrip("/").partition("?")[0]
        body = self.pages.get(name) or compressed(CACHE / "node_modules" / name)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", TYPES.get(Path(name).suffix, "application/octet-stream"))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Cache-Control", "max-age=31536000, immutable")
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

"""Print what Footpath runs on as a CycloneDX bill of materials: each locked package, its hashes and its license."""

import json
import re
from importlib.metadata import metadata
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from triage import __version__

PINNED = re.compile(r"^([\w.-]+)==([^ ;\\]+)((?:.*\\\n\s+--hash=sha256:\w+)+)", re.MULTILINE)


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        lock = (settings.BASE_DIR / "requirements" / "base.txt").read_text(encoding="utf-8")
        bill = {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "metadata": {"component": {"type": "application", "name": "footpath", "version": __version__}},
            "components": [component(*found) for found in PINNED.findall(lock)],
        }
        self.stdout.write(json.dumps(bill, indent=2))


def component(name: str, version: str, hashes: str) -> dict[str, Any]:
    told = metadata(name)
    # Old packages put the whole text of their license there.
    said = (told[key] for key in ("License-Expression", "License") if key in told)
    license = next(said, "").partition("\n")[0]
    found = re.findall(r"sha256:(\w+)", hashes)
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        "hashes": [{"alg": "SHA-256", "content": sha256} for sha256 in found],
        **({"licenses": [{"license": {"name": license}}]} if license else {}),
    }

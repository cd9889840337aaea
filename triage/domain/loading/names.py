"""What names may be: keys, codes, ids, languages, the version, days and addresses.

They travel: into addresses of pages, names of files, FHIR and columns of the database. So they are held to what all
of these can take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from triage.domain.loading.files import strings
from triage.domain.loading.tree import Node, is_day

LONGEST = 50  # the database's columns; FHIR takes 64
LONGEST_ADDRESS = 500
NAME = re.compile(r"[A-Za-z0-9]+([.-][A-Za-z0-9]+)*\Z")
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z")
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}\Z")
PATH = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*\Z")  # the signs that an address is written in

# Files of these names cannot be made on every machine.
NO_FILE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])\Z")


def note_names(file: Node, today: str) -> None:
    """Fault every name in the file that is not held to its kind. `today` as 2026-11-22."""
    for node in strings(file):
        assert isinstance(node.value, str)
        kind = KINDS.get(node.place.split(" › ")[-1])
        if kind and node.value.strip():
            for problem, remedy in kind(node.value):
                node.fault(problem, remedy)
        if node.place.endswith(DAYS) and is_day(node.value) and node.value > today:
            node.fault(f"{node.value} has not come yet", "Write the day on which it was done")


def note_head(head: Node) -> None:
    """Fault the names that stand for the whole content."""
    fields = head.mapping()
    for name, pattern, wanted in (
        ("key", KEY, "small letters, digits and single dashes"),
        ("version", NAME, "letters, digits, dots and dashes, such as 2026.12"),
        ("language", LANGUAGE, "the language's own tag, such as en or pt-BR"),
    ):
        node = fields.get(name)
        if node is None or not isinstance(node.value, str):
            continue
        if not pattern.match(node.value) or len(node.value) > LONGEST or NO_FILE.match(node.value):
            node.fault(f"{node.value!r} is not a good {name}", f"Use {wanted}, at most {LONGEST} letters")


def note_file_name(file: Node, name: str) -> None:
    """Fault a further file whose name is no language's."""
    if not LANGUAGE.match(name) or NO_FILE.match(name):
        file.fault(
            "is neither a file of the content nor named by a language", "Name it as es.yaml, or pt-BR.yaml"
        )


def _name(name: str) -> Iterator[tuple[str, str]]:
    if not NAME.match(name):
        yield f"{name!r} is not a good name", "Use letters and digits, parted by single dots or dashes"
    if len(name) > LONGEST:
        yield f"{name!r} is too long a name", f"Use at most {LONGEST} letters"


def _address(address: str) -> Iterator[tuple[str, str]]:
    """Only public pages over https are linked to, and by names that read as what they are."""
    try:
        parts = urlsplit(address)
        plain = parts.scheme == "https" and HOST.match(parts.netloc) and address.startswith("https://")
    except ValueError:
        plain = False
    if not plain or not PATH.match(address):
        yield (
            f"{address!r} is not an address that can be linked to",
            "Write https://, a host and a path, or leave it out",
        )
    if len(address) > LONGEST_ADDRESS:
        yield f"has {len(address)} letters", f"Use an address of at most {LONGEST_ADDRESS}"


KINDS: dict[str, Callable[[str], Iterator[tuple[str, str]]]] = {
    "key": _name,
    "id": _name,
    "code": _name,
    "url": _address,
}
DAYS = ("› checked",)

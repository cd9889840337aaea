"""What patients write runs in no spreadsheet: notes that begin like formulas, exported as CSV, opened in LibreOffice.

The notes are handed in over HTTP and leave by `manage.py export`. LibreOffice is told to run every formula it finds.
The control writes the same notes as they are stored.
"""

import csv
import itertools
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from proofs.harness import Proof, run
from proofs.patients import Ledger, Patient
from proofs.servers import Footpath, footpath

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
# The sign that parts cells, quotes, UTF-8, no column left as text, and the last sign: formulas are run.
READ = "CSV:{},34,76,1,,0,false,true,false,false,false,-1,true"
PARTING = {"a comma": ",", "a semicolon": ";", "a bar": "|", "a tab": "\t"}
BEFORE = ("", " ", "'", "\u3000", '"', "a;", "a|", "a\t", 'a;"')
SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "⁺")
FORMULAS = ("1+1", "SUM(A1:A2)", 'HYPERLINK("file:///etc/hostname","x")', "cmd|' /C calc'!A0")


class Writer(Patient):
    """Writes this note, and answers all else at random."""

    note = ""

    def pick(self, codes: list[str]) -> str:
        return super().pick(codes) if codes else self.note


def prove(proof: Proof) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if not office:
        raise SystemExit(
            "spreadsheet needs LibreOffice; install it (Debian and Ubuntu: apt install libreoffice-calc)."
        )
    with footpath() as site:
        notes = hand_in(proof, site)
        for rows in ("submissions", "answers"):
            file = site.folder / f"{rows}.csv"
            site.manage("export", "csv", "--rows", rows, "--with-notes", "--out", str(file))
            for name, sign in PARTING.items():
                judge(proof, f"{rows} as they are exported, parted by {name}", office, file, notes, sign)
        bare = site.folder / "bare.csv"
        with bare.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([note] for note in notes)
        judge(proof, "notes as they are stored", office, bare, notes, control=True)


def hand_in(proof: Proof, site: Footpath) -> list[str]:
    """Questionnaires with all kinds of notes; the notes."""
    kinds = list(itertools.product(BEFORE, SIGNS, FORMULAS))[:: int(proof.options.step)]
    port, ledger = site.serve(), Ledger()
    writer = Writer(port, ledger, threading.Event(), proof.seed)
    for number, kind in enumerate(kinds, start=1):
        writer.note = "".join(kind)
        writer.journey()
        proof.progress(f"{number} of {len(kinds)} notes handed in")
    assert len(ledger.handed_in) == len(kinds)
    site.kill()
    return [text for _key, item, given in site.answers() if item == "note" for text in given]


def judge(
    proof: Proof,
    case: str,
    office: str,
    file: Path,
    notes: list[str],
    sign: str = ",",
    control: bool = False,
) -> None:
    profile = f"-env:UserInstallation={(file.parent / 'office').as_uri()}"
    convert = (
        "--headless",
        f"--infilter={READ.format(ord(sign))}",
        "--convert-to",
        "fods",
        "--outdir",
        str(file.parent),
    )
    subprocess.run([office, profile, *convert, str(file)], check=True, capture_output=True)
    opened = ElementTree.parse(file.with_suffix(".fods"))
    formulas = [cell.get(f"{TABLE}formula") for cell in opened.iter(f"{TABLE}table-cell")]
    found = [formula for formula in formulas if formula]
    said = subprocess.run([office, profile, "--version"], check=True, capture_output=True, text=True).stdout
    proof.case(
        case,
        held=not found and len(notes) <= len(formulas),
        control=control,
        database="SQLite",
        notes=len(notes),
        cells=len(formulas),
        formulas=len(found),
        first=found[:3],
        office=" ".join(said.split()[:2]),
    )


def main(arguments: list[str] | None = None) -> int:
    return run("spreadsheet", prove, arguments, databases=False, step=1)


if __name__ == "__main__":
    sys.exit(main())

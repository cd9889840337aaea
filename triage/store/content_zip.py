"""A content folder that comes as a zip, from anybody: its YAML files in a folder, or a sentence for each fault.

Nothing is unpacked by the names or the sizes that the zip claims: only what may be a content file is read, and no
further than a content file may be long.
"""

from __future__ import annotations

import io
import re
import stat
import zlib
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from triage.domain.loading import ContentError, Fault
from triage.domain.loading.files import MOST_BYTES, MOST_BYTES_TOGETHER, MOST_FILES
from triage.store.content_files import ENDING

NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,49}}{re.escape(ENDING)}")
MOST_MEMBERS = 200  # with folders and what systems put beside the files
LEFT_BEHIND = ("__MACOSX",)  # what macOS adds to every zip
SECRET = 0x1  # a flag: needs a password
BROKEN = (BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError)


def unpack(data: bytes, folder: Path) -> None:
    """Put the content files of the zip into an empty folder. Raises ContentError, and then leaves nothing of use."""
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            for member in _members(archive):
                (folder / _name(member)).write_bytes(archive.open(member).read(MOST_BYTES + 1))
    except BROKEN as error:
        if isinstance(error, ContentError):
            raise
        raise _refused("the zip", "cannot be read", "Make the zip anew, without a password") from None


def _members(archive: ZipFile) -> list[ZipInfo]:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise _refused("the zip", f"holds {len(members)} members", "Zip the content folder alone")
    wanted = [member for member in members if _is_wanted(member)]
    faults = [fault for member in members for fault in _faults_of(member)]
    if len({PurePosixPath(member.filename).parent for member in wanted}) > 1:
        faults.append(
            Fault("the zip", "its folders", "has content files in more than one folder", "Zip one folder")
        )
    if len({_name(member) for member in wanted}) < len(wanted):
        faults.append(Fault("the zip", "its names", "holds a file twice", "Make the zip anew"))
    if len(wanted) > MOST_FILES:
        faults.append(
            Fault("the zip", "its files", f"holds {len(wanted)} content files", f"Keep to {MOST_FILES}")
        )
    if sum(member.file_size for member in wanted) > MOST_BYTES_TOGETHER:
        most = f"Keep all files together to {MOST_BYTES_TOGETHER:,} bytes"
        faults.append(Fault("the zip", "its size", "unpacks to more than content may hold", most))
    if not wanted and not faults:
        faults.append(Fault("the zip", "its files", "holds no YAML files", "Zip a content folder"))
    if faults:
        raise ContentError(faults)
    return wanted


def _is_wanted(member: ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    beside = path.parts[:1] == LEFT_BEHIND or path.name.startswith(".")
    return not member.is_dir() and path.suffix == ENDING and not beside


def _faults_of(member: ZipInfo) -> list[Fault]:
    """Why this member is not taken, whatever it is for."""
    path, mode = PurePosixPath(member.filename), member.external_attr >> 16
    wanted = _is_wanted(member)
    found = {
        "leads out of its folder": path.is_absolute()
        or ".." in path.parts
        or re.search(r"[\\:]", member.filename),
        "is a link or no plain file": stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR),
        "needs a password": member.flag_bits & SECRET,
        "is packed in a way that is not read here": member.compress_type not in (ZIP_STORED, ZIP_DEFLATED),
        f"unpacks to more than {MOST_BYTES:,} bytes": wanted and member.file_size > MOST_BYTES,
        "has a name that no content file has": wanted and not NAME.fullmatch(path.name),
    }
    return [
        Fault(member.filename, "its place in the zip", problem, "Zip the content folder alone")
        for problem, so in found.items()
        if so
    ]


def _name(member: ZipInfo) -> str:
    return PurePosixPath(member.filename).name


def _refused(file: str, problem: str, remedy: str) -> ContentError:
    return ContentError([Fault(file, "the whole file", problem, remedy)])

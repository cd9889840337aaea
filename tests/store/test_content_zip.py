"""A content folder as a zip: what is none is refused with a sentence, and nothing is written outside its folder."""

import io
import stat
import struct
import zipfile

import pytest

from tests.shipped import shipped_trees
from triage.domain.loading import ContentError
from triage.domain.loading.files import MOST_BYTES, MOST_BYTES_TOGETHER, MOST_FILES
from triage.store.content_files import SHIPPED, read_trees
from triage.store.content_zip import MOST_MEMBERS, unpack

NO_YAML = "holds no YAML files"


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    """Each a name or ZipInfo with what it holds."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def special(name, mode, data="a: b"):
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    return zipped((member, data))


def with_a_flag(flag):
    """The zip says of its member that it needs a password; nothing in the library writes such a one."""
    data = bytearray(zipped(("a.yaml", "a: b")))
    for head, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(head) + place
        data[at : at + 2] = struct.pack("<H", flag)
    return bytes(data)


def lying(size):
    """Its directory says that the member is shorter than it is."""
    data = bytearray(zipped(("a.yaml", b"x" * 5000)))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", size)
    return bytes(data)


def refused(data, folder):
    with pytest.raises(ContentError) as caught:
        unpack(data, folder)
    assert list(folder.iterdir()) == []
    return str(caught.value)


HOSTILE = {
    "no zip": (b"not a zip", "cannot be read"),
    "nothing": (b"", "cannot be read"),
    "cut off": (zipped(("a.yaml", "a: b"))[:-30], "cannot be read"),
    "an empty zip": (zipped(), NO_YAML),
    "no content": (zipped(("a.txt", "a: b")), NO_YAML),
    "a path upwards": (zipped(("../a.yaml", "a: b")), "leads out of its folder"),
    "a path upwards further in": (zipped(("x/../../a.yaml", "a: b")), "leads out of its folder"),
    "a path upwards of another file": (zipped(("a.yaml", "a: b"), ("../x.sh", "")), "leads out of its folder"),
    "an absolute path": (zipped(("/etc/a.yaml", "a: b")), "leads out of its folder"),
    "another system's path": (zipped(("..\\a.yaml", "a: b")), "leads out of its folder"),
    "a drive": (zipped(("C:a.yaml", "a: b")), "leads out of its folder"),
    "a link": (special("a.yaml", stat.S_IFLNK | 0o777, "/etc/passwd"), "is a link"),
    "a link that is no content": (special("x", stat.S_IFLNK | 0o777, "/etc/passwd"), "is a link"),
    "a pipe": (special("a.yaml", stat.S_IFIFO | 0o600), "no plain file"),
    "a device": (special("a.yaml", stat.S_IFCHR | 0o600), "no plain file"),
    "two folders": (zipped(("x/a.yaml", "a: b"), ("y/b.yaml", "a: b")), "more than one folder"),
    "a bomb": (zipped(("a.yaml", b"x" * 50_000_000)), f"more than {MOST_BYTES:,} bytes"),
    "many that are large together": (
        zipped(*((f"a{n}.yaml", b"x" * 400_000) for n in range(6))), f"{MOST_BYTES_TOGETHER:,} bytes"),
    "too many files": (zipped(*((f"a{n}.yaml", "a: b") for n in range(MOST_FILES + 1))), f"Keep to {MOST_FILES}"),
    "too many members": (
        zipped(("a.yaml", "a: b"), *((f"x{n}", "") for n in range(MOST_MEMBERS))), f"{MOST_MEMBERS + 1} members"),
    "a name no file has": (zipped(("a b.yaml", "a: b")), "no content file has"),
    "a long name": (zipped(("a" * 60 + ".yaml", "a: b")), "no content file has"),
    "a password": (with_a_flag(1), "needs a password"),
    "a packing that takes much memory": (zipped(("a.yaml", "a: b"), method=zipfile.ZIP_LZMA), "packed in a way"),
    "a size that lies": (lying(10), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "words"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_no_content_folder_is_refused_with_a_sentence(data, words, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    assert words in refused(data, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]  # nothing lies beside it


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_twice_is_refused(tmp_path):
    assert "holds a file twice" in refused(zipped(("a.yaml", "a: b"), ("a.yaml", "a: c")), tmp_path)


@pytest.mark.parametrize("within", ["", "foot-pain/"])
def test_the_shipped_folder_comes_through_as_it_is(within, tmp_path):
    """Also as systems zip a folder: with the folder itself, and with what they put beside the files."""
    beside = [
        (f"{within}.DS_Store", b"\0"),
        (f"__MACOSX/{within}._a.yaml", b"\0"),
        (f"{within}README.txt", "x"),
    ]
    folders = [(within, "")] if within else []
    files = [(f"{within}{path.name}", path.read_bytes()) for path in SHIPPED.iterdir()]
    unpack(zipped(*folders, *files, *beside), tmp_path)
    assert read_trees(tmp_path) == shipped_trees()


def test_as_long_as_a_content_file_may_be_is_not_too_long(tmp_path):
    unpack(zipped(("a.yaml", b"x" * MOST_BYTES)), tmp_path)
    assert (tmp_path / "a.yaml").stat().st_size == MOST_BYTES

"""Bringing content in as a draft: a manager sends a zip of the folder, and sees it checked, proved and compared.

That takes most of a minute of a processor and much memory, so it runs beside the server as the command that does the
same on the command line, and gives way to patients. The page shows its lines as they come.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse

from triage.domain.loading import ContentError
from triage.models import Release
from triage.store import releases
from triage.store.content_files import read_trees
from triage.store.content_zip import unpack

MAY_PUBLISH = "triage.publish_release"
QUIET = 5  # seconds without a line, after which a space is sent: a proxy gives up on a page that says nothing
BUSY = "Another content is being proved. Try again in a minute."
HERE = "{lines}"
one_at_a_time = threading.Lock()


class UploadForm(forms.Form):
    folder = forms.FileField(
        label="Zip of the content folder",
        error_messages={
            "required": f"Choose a zip of at most {settings.FILE_UPLOAD_MAX_MEMORY_SIZE:,} bytes.",
        },
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )


def upload_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """The form; for a POST what is found out, line by line, and the draft."""
    if not request.user.has_perm(MAY_PUBLISH):
        raise PermissionDenied
    posted = request.method == "POST"
    form = UploadForm(request.POST if posted else None, request.FILES if posted else None)
    context |= {"title": "Bring in content", "form": form}
    if form.is_valid():
        folder = TemporaryDirectory(prefix="footpath-content-")
        try:
            sha256 = _unpacked(form.cleaned_data["folder"].read(), Path(folder.name))
        except ContentError as error:
            folder.cleanup()
            context["faults"] = error.faults
        else:
            return _streamed(request, context, folder, sha256)
    return TemplateResponse(request, "admin/triage/upload.html", context)


def _unpacked(data: bytes, folder: Path) -> str:
    """The hash of the content, by which its release is found."""
    unpack(data, folder)
    return releases.sha256(releases.canonical(read_trees(folder)))


def _streamed(
    request: HttpRequest, context: dict[str, Any], folder: TemporaryDirectory[str], sha256: str
) -> StreamingHttpResponse:
    page = render_to_string("admin/triage/upload.html", context | {"here": HERE, "running": True}, request)
    lines = _page(page, folder, request.user.get_username(), sha256)
    # nginx would keep the lines until all are there.
    return StreamingHttpResponse(lines, headers={"X-Accel-Buffering": "no"})


def _page(page: str, folder: TemporaryDirectory[str], by: str, sha256: str) -> Iterator[str]:
    before, after = page.split(HERE)
    yield before
    with folder:
        for line in _told(Path(folder.name), by):
            yield render_to_string("admin/triage/upload_line.html", {"line": line})
    release = Release.objects.filter(sha256=sha256).only("version", "sha256").first()
    yield render_to_string("admin/triage/upload_done.html", {"release": release})
    yield after


def _told(folder: Path, by: str) -> Iterator[str]:
    """What the command says. Whoever leaves the page ends it: what is not stored yet is not stored then."""
    if not one_at_a_time.acquire(blocking=False):
        yield BUSY
        return
    try:
        with _started(folder, by) as process:
            try:
                yield from _lines(process)
            finally:
                process.kill()
    finally:
        one_at_a_time.release()


def _started(folder: Path, by: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "publish_content", str(folder), "--draft", f"--by={by}"]
    process = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, 19)
    return process


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """What it says; an empty line where it says nothing for long."""
    assert process.stdout
    waiting = b""
    while True:
        if not select.select([process.stdout], [], [], QUIET)[0]:
            yield ""
            continue
        if not (piece := os.read(process.stdout.fileno(), 4096)):
            break
        *whole, waiting = (waiting + piece).split(b"\n")
        yield from (
            line.decode(errors="replace").removeprefix("… ").removeprefix("CommandError: ") for line in whole
        )
    process.wait()

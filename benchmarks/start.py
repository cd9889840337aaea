"""How long one waits: for the first page after `dev.py run`, and for a command, both by what `import django` takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request

from benchmarks.harness import Bench
from proofs.servers import ROOT, free_port

ROUNDS = 3
# What a command may not load unless it uses it.
HEAVY = ("ruamel", "playwright", "segno", "gunicorn", "hypothesis")
COMMANDS = {
    "check_content": ("ruamel",),
    "vignettes": ("ruamel",),
    "purge": (),
    "verify_store": (),
    "version": (),
}


def seconds(*command: str, environment: dict[str, str] | None = None) -> float:
    begin = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return time.perf_counter() - begin


def seconds_to_first_page(environment: dict[str, str]) -> float:
    """From typing the command to the start page, with everything installed and prepared before."""
    port = free_port()
    begin = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "dev.py", "run", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert server.stdout
    try:
        for said in server.stdout:
            if "Patients" in said:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
                    assert page.status == 200
                return time.perf_counter() - begin
        raise RuntimeError("dev.py run ended before its first page")
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stdout.close()


def needless(command: str, needed: tuple[str, ...]) -> list[str]:
    """The heavy packages that a command loads to say its help, and does not need."""
    code = (
        "import sys; sys.argv = ['manage.py', *sys.argv[1:]]; import contextlib, io, manage\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): manage.main()\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, command, "--help"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return sorted(set(done.stdout.split()) & set(HEAVY) - set(needed))


def main() -> int:
    bench = Bench("start")
    environment = {
        key: value for key, value in os.environ.items() if key not in ("SECRET_KEY", "ALLOWED_HOSTS")
    }
    seconds_to_first_page(environment)  # the first prepares, the next is warm
    django, run, command = (
        min(times)
        for times in zip(
            *(
                (
                    seconds(sys.executable, "-c", "import django; django.setup"),
                    seconds_to_first_page(environment),
                    seconds(sys.executable, "manage.py", "purge", "--help", environment=environment),
                )
                for _round in range(ROUNDS)
            ),
            strict=True,
        )
    )
    bench.figure("dev.py run, warm, to the first page, s", run, at_most=6)
    bench.figure("the same / python -c “import django”", run / django)
    bench.figure("manage.py COMMAND --help / python -c “import django”", command / django)
    for name, needed in COMMANDS.items():
        found = needless(name, needed)
        title = f"packages that manage.py {name} loads and does not use"
        bench.figure(title, len(found), at_most=0, exact=True, note=", ".join(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

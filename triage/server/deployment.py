"""What `check --deploy` asks beyond Django's own: keys that nobody set, and what Footpath cannot see for itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning


def deployment(app_configs: Any = None, **options: Any) -> list[CheckMessage]:
    return [Warning(problem, hint=hint, id=f"footpath.W{number:03}") for number, problem, hint in _missing()]


def _missing() -> Iterator[tuple[int, str, str]]:
    if not settings.CHAIN_KEY:
        yield (
            1,
            "CHAIN_KEY is not set: whoever can write to the database can rewrite all of it unseen.",
            "Set CHAIN_KEY, then run manage.py chain_heads --seal once.",
        )
    if not settings.NOTE_KEYS:
        yield (
            2,
            "NOTE_KEYS is not set: patients' own words and the staff's second factors are stored as they are.",
            "Set NOTE_KEYS, and keep it apart from backups.",
        )
    if not settings.BACKUP_RECIPIENTS:
        yield (
            3,
            "BACKUP_RECIPIENTS is not set: backups hold health data and are not encrypted.",
            "Run manage.py backup_key, set BACKUP_RECIPIENTS, and keep the secret key elsewhere.",
        )
    if not settings.ENVIRONMENT.disk_encrypted:
        yield (
            4,
            "Nobody has said that the disk is encrypted: the coded answers lie on it as they are.",
            "Encrypt it (LUKS or the provider's own), then set DISK_ENCRYPTED to on.",
        )
    if settings.PROVIDER and not settings.PROVIDER.issuer.startswith("https://"):
        yield (
            5,
            "OIDC_ISSUER is not https: whoever is on the line between can sign in as anybody.",
            "Set OIDC_ISSUER to the provider's https address.",
        )
    if settings.WEBHOOK and not settings.WEBHOOK.url.startswith("https://"):
        yield (
            6,
            "WEBHOOK_URL is not https: whoever is on the line between reads which codes were handed in.",
            "Set WEBHOOK_URL to an https address.",
        )
    if settings.FHIR_SERVER and not settings.FHIR_SERVER.base.startswith("https://"):
        yield (
            7,
            "FHIR_SERVER is not https: whoever is on the line between reads what patients answered.",
            "Set FHIR_SERVER to an https address.",
        )
    if settings.FHIR_SERVER and not settings.FHIR_SERVER.client:
        yield (
            8,
            "FHIR_TOKEN_URL is not set: the FHIR server takes what anybody sends it.",
            "Have that server ask for a token, and set FHIR_TOKEN_URL and its fellows.",
        )

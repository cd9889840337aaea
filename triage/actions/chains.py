"""Sealing the chains once a key is set."""

from __future__ import annotations

from django.db import transaction

from triage.models import PurgedRecord
from triage.store import chains


@transaction.atomic
def seal_chains() -> None:
    """Give the heads, and what stayed of purged records, the seal of CHAIN_KEY."""
    for chain in chains.CHAINS.values():
        head = chain._default_manager.select_for_update().filter(pk=1).first()
        if head:
            head.seal = chains.seal_of_head(head)
            head.save(update_fields=["seal"])
    for link in PurgedRecord.objects.select_for_update().iterator(chunk_size=1000):
        link.seal = chains.seal_of_purged(link)
        link.save(update_fields=["seal"])

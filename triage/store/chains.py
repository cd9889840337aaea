"""The heads of the two chains of hashes, and the seal that only a key from outside the database makes.

Hashes alone show that a link was changed; who can write to the database can work out every hash anew. With CHAIN_KEY
set each head, and the link that stays of a purged record, carries a seal that nobody makes without the key. An old
head put back with its old seal is seen only by whoever noted a later one: `manage.py chain_heads` prints them.
"""

from __future__ import annotations

import hmac

from django.conf import settings

from triage.models import AccessChain, AccessEntry, PurgedRecord, RecordChain, TriageSession
from triage.models.chains import Chain

CHAINS: dict[str, type[Chain]] = {"records": RecordChain, "access": AccessChain}
NO_SEAL = ""


def seal(*parts: object) -> str:
    """The seal of these parts; none where no key is set."""
    if not settings.CHAIN_KEY:
        return NO_SEAL
    text = "\n".join(map(str, parts))
    return hmac.new(settings.CHAIN_KEY, text.encode(), "sha256").hexdigest()


def seal_of_head(chain: Chain) -> str:
    return seal(type(chain).__name__, chain.number, chain.sha256)


def seal_of_purged(link: PurgedRecord) -> str:
    more = [part for part in (link.submitted_on, link.erased_for) if part]  # older links have neither
    return seal(
        "purged", link.record_number, link.record_sha256, link.previous, link.purged_at.isoformat(), *more
    )


def head_of(chain: type[Chain]) -> Chain:
    """The newest link, or one with the number 0 where there is none yet."""
    return chain._default_manager.filter(pk=1).first() or chain()


def seal_fault(found: str, expected: str) -> str:
    """What is wrong with a seal, or "". Without a key there is nothing to hold it against."""
    if not settings.CHAIN_KEY or hmac.compare_digest(found, expected):
        return ""
    if found == NO_SEAL:
        return "has no seal; if CHAIN_KEY was set only now, run manage.py chain_heads --seal"
    return "has a seal that was not made with CHAIN_KEY"


def noted_fault(chain: str, number: int, sha256: str) -> str:
    """What is wrong with a head that was noted earlier and has to be in its chain still, or ""."""
    if not number or sha256 in _links(chain, number):
        return ""
    return f"{chain}: number {number} is not the one that was noted as the newest"


def _links(chain: str, number: int) -> set[str]:
    """The hashes under this number of a chain."""
    if chain == "access":
        return set(AccessEntry.objects.filter(number=number).values_list("sha256", flat=True))
    kept = TriageSession.objects.filter(record_number=number).values_list("record_sha256", flat=True)
    purged = PurgedRecord.objects.filter(record_number=number).values_list("record_sha256", flat=True)
    return {*kept, *purged}

"""The webhook: that there is something new, by reference alone, signed as Standard Webhooks has it."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings

from triage import __version__
from triage.integration.asking import NoReply, Outcome, Verdict, ask, outcome_of
from triage.models import Delivery
from triage.server.other_systems import Webhook


def the_webhook() -> Webhook:
    assert settings.WEBHOOK, "there is one where something is sent to it"
    return settings.WEBHOOK


def name() -> str:
    """Whom the access log says it was sent to."""
    return f"the webhook at {urlsplit(the_webhook().url).hostname}"


def send(deliveries: Sequence[Delivery], now: datetime) -> Outcome:
    (delivery,) = deliveries
    to, body = the_webhook(), message(delivery)
    headers = {"Content-Type": "application/json", "User-Agent": f"Footpath/{__version__}"}
    signed = signatures(str(delivery.event_id), int(now.timestamp()), body, to.keys)
    try:
        return outcome_of(ask("POST", to.url, now, data=body, headers=headers | signed, read=False))
    except NoReply as none:
        return Outcome(Verdict.AGAIN, str(none))


def message(delivery: Delivery) -> bytes:
    """The same at every try. It has no urgency and no answer: who may see those asks for them."""
    said = {
        "id": str(delivery.event_id),
        "type": f"submission.{delivery.event}",
        "timestamp": delivery.event_at.astimezone(UTC).isoformat(),
        "data": {"reference": delivery.session.reference},
    }
    return json.dumps(said, separators=(",", ":")).encode()


def signatures(event: str, moment: int, body: bytes, keys: Iterable[bytes]) -> dict[str, str]:
    """The headers of Standard Webhooks: a signature by each key, so that keys can be changed one after the other."""
    signed = f"{event}.{moment}.".encode() + body
    digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return {
        "webhook-id": event,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests),
    }

"""Posts events, signed as the Standard Webhooks specification says: https://www.standardwebhooks.com"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.domain.errors import DeliveryError
from bot.integrations import http

RECEIVER = "the webhook"
GONE = 410  # the receiver wants no more
_PREFIX = "whsec_"


async def post(
    session: aiohttp.ClientSession, url: str, secret: str, message_id: str, event: Mapping[str, Any]
) -> dict[str, str]:
    """Post one event. Raises `DeliveryError`, which is permanent only where the receiver says that it is gone.

    `message_id` is the same at each attempt and each replay, so that the receiver recognizes repetitions.
    """
    body = json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")
    stamp = str(int(time.time()))
    headers = http.headers(
        **{
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{signature(secret, message_id, stamp, body)}",
        }
    )
    answer = await http.ask(
        session, "POST", url, RECEIVER, (secret, url, *http.secret_parts(url)), data=body, headers=headers
    )
    if 200 <= answer.status < 300:
        return {"vendor": RECEIVER, "id": message_id, "detail": str(answer.status)}
    if error := http.temporary_error(answer, RECEIVER):
        raise error
    raise DeliveryError(f"{RECEIVER} answered {answer.status}", permanent=answer.status == GONE)


def signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the ID, the timestamp and the body, in base64."""
    signed = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a secret: base64 after `whsec_`, else the text itself."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()

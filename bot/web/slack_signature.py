"""Verifies that a request is Slack's: https://docs.slack.dev/authentication/verifying-requests-from-slack"""

from __future__ import annotations

import time

from aiohttp import web
from slack_sdk.signature import SignatureVerifier

SIGNED_WITHIN_S = 300
TIMESTAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"
ONCE = (TIMESTAMP, SIGNATURE, "Content-Type")


def verify_request(verifier: SignatureVerifier, request: web.Request, body: bytes) -> tuple[str | None, str]:
    """Returns the body as text, or None with the reason for the refusal.

    Checks first what would make the SDK's verifier raise an error.
    """
    if any(len(request.headers.getall(name, ())) > 1 for name in ONCE):
        return None, "a header given twice"
    timestamp = request.headers.get(TIMESTAMP, "")
    signature = request.headers.get(SIGNATURE, "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        return None, "no usable timestamp"
    if abs(time.time() - int(timestamp)) > SIGNED_WITHIN_S:
        return None, "stale timestamp"
    if not (signature.isascii() and signature.startswith("v0=")):
        return None, "no usable signature"
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None, "not UTF-8"
    if not verifier.is_valid(body=text, timestamp=timestamp, signature=signature):
        return None, "bad signature"
    return text, ""

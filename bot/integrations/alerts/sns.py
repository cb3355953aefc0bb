"""Checks the signature of a message of Amazon SNS, and the addresses that it names.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    **dict.fromkeys(CONFIRMATIONS, ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")),
}
_VERSIONS = ("1", "2")  # of signatures
# The name of a region, such as us-gov-west-1, and no other: sns.s3.amazonaws.com would be a bucket of somebody's.
_HOST = re.compile(r"sns\.[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}\.amazonaws\.com(\.cn)?")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,80}\.pem")


def is_amazons(url: Any) -> bool:
    """Whether an address is one of SNS itself, by HTTPS on its usual port."""
    if not isinstance(url, str) or len(url) > 2000 or not url.isascii() or not url.isprintable() or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.username is None and parts.password is None and port in (None, 443)
    return parts.scheme == "https" and plain and _HOST.fullmatch(parts.hostname or "") is not None


def is_certificates(url: Any) -> bool:
    """Whether an address is that of a signing certificate of SNS."""
    return is_amazons(url) and not urlsplit(url).query and _CERTIFICATE.fullmatch(urlsplit(url).path) is not None


def signed_text(message: Mapping[str, Any]) -> bytes | None:
    """The text under the signature of a message; None for a message of no known type, or with a missing field."""
    names = _SIGNED.get(str(message.get("Type")))
    if names is None:
        return None
    lines = []
    for name in names:
        value = message.get(name)
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str):
            return None
        lines.append(f"{name}\n{value}\n")
    return "".join(lines).encode("utf-8", "replace")


def is_signed(message: Mapping[str, Any], certificate: bytes, now: datetime) -> bool:
    """Whether the certificate, in PEM, is valid now and its key signed the message."""
    text, version = signed_text(message), str(message.get("SignatureVersion"))
    signature = message.get("Signature")
    if text is None or version not in _VERSIONS or not isinstance(signature, str):
        return False
    from cryptography import x509  # noqa: PLC0415 - slow to import, and seldom needed
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415 - as above

    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303 - AWS chooses it
    try:
        parsed = x509.load_pem_x509_certificate(certificate)
        key = parsed.public_key()
        if not isinstance(key, RSAPublicKey) or not parsed.not_valid_before_utc <= now <= parsed.not_valid_after_utc:
            return False
        key.verify(base64.b64decode(signature, validate=True), text, PKCS1v15(), algorithm)
    except (ValueError, InvalidSignature):
        return False
    return True

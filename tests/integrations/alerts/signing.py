"""Signs messages as Amazon SNS does, with a test key and certificate."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from bot.integrations.alerts.sns import signed_text


class Signer:
    """A key, and its certificate in PEM."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        today = datetime.now(UTC) - timedelta(days=1)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        builder = builder.serial_number(1).not_valid_before(today).not_valid_after(today + timedelta(days=365))
        self.certificate = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def signed(self, message: Mapping[str, Any], version: str) -> dict[str, Any]:
        """The message with its signature."""
        text = signed_text(message)
        assert text is not None
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        signature = base64.b64encode(self._key.sign(text, PKCS1v15(), algorithm)).decode()
        return {**message, "SignatureVersion": version, "Signature": signature}

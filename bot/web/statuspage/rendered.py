"""Defines a rendered document: its bytes, compressed too, and the headers it is served with."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass

FRESH_S = 15  # a shared cache may answer for so long, and while it asks again
CACHE_CONTROL = f"public, max-age={FRESH_S}, stale-while-revalidate=30, stale-if-error=86400"
WORTH_COMPRESSING = 500  # bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """One document as it is served."""

    body: bytes
    compressed: bytes | None
    headers: dict[str, str]  # of the plain body
    compressed_headers: dict[str, str]
    tag: str


def render(body: bytes, content_type: str, more: dict[str, str] | None = None, private: bool = False) -> Rendered:
    """A document with its ETag and its compressed form."""
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {
        "Content-Type": content_type,
        "Cache-Control": "private, no-cache" if private else CACHE_CONTROL,
        "ETag": f'"{tag}"',
        "Vary": "Accept-Encoding",
        **(more or {}),
    }
    # Without the time of compression, so that replicas make the same bytes.
    compressed = gzip.compress(body, 6, mtime=0) if len(body) >= WORTH_COMPRESSING else None
    return Rendered(body, compressed, headers, {**headers, "Content-Encoding": "gzip"}, tag)


def style_policy(style: str, form_action: str = "'none'") -> str:
    """The Content-Security-Policy of a page whose one inline style is `style`: no script, no other source."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' https: data:; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )

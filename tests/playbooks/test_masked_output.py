"""Output without secrets and without terminal escape sequences."""

from __future__ import annotations

import base64

import pytest

from bot.domain.values.masking import Masker

SECRET = "hunter2-is-my+pass/word"


@pytest.mark.parametrize(
    "printed",
    [
        SECRET, f"x{SECRET}y", base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"a{SECRET}".encode()).decode(),
        base64.b64encode(f"user:{SECRET}!".encode()).decode(), SECRET.encode().hex(), "hunter2-is-my%2Bpass%2Fword",
        f"\x1b[31m{SECRET[:6]}\x1b[0m{SECRET[6:]}", f"{SECRET[:9]}\u200b{SECRET[9:]}", "password=correct-horse",
        'api_key: "abcdef123"', "Authorization: Bearer abc.def.ghi", "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "postgres://app:geheim12@db/x",
        "xoxb-1234567890-abcdefghij", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "--token s3cr3t-abc",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "PGPASSWORD=geheim12",
    ],
)  # fmt: skip
def test_secrets_in_the_output_are_masked(printed: str) -> None:
    shown = Masker([SECRET]).mask(f"before {printed} after")
    assert "•••" in shown
    for secret in (
        SECRET, "correct-horse", "abcdef123", "abc.def.ghi", "AKIAIOSF", "wJalr", "geheim12", "abcdefghij",
        "s3cr3t-abc",
        "MIIabc", "eyJhbGci", SECRET.encode().hex(), base64.b64encode(SECRET.encode()).decode()[:-4],
    ):  # fmt: skip
        assert secret not in shown
    assert shown.startswith("before ")


def test_ordinary_output_is_unchanged() -> None:
    text = "NAME   READY\napi-1  1/1\n\ttoken bucket is full: 12 of 12, see https://example.com/tokens?page=2"
    assert Masker([SECRET, "abc"]).mask(text) == text


def test_terminal_escape_sequences_are_removed() -> None:
    assert Masker().mask("\x1b]0;title\x07a\x1b[2J\x1b[1;1Hb\x00\u202ec\r\nd\re") == "abc\nd\ne"

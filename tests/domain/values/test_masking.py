"""A text that is cut in the middle of a secret does not show the secret's beginning."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.values.masking import MAX_WORD_LENGTH, TRUNCATED, Masker

ORDINARY = st.text("abc \n:./", max_size=200)  # and no letter of these is in a secret
SECRETS = st.text('XYZ0123456789 +"\\äß€\n', min_size=6, max_size=80).filter(lambda one: one.strip() == one)
PRINTED: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: secret,
    "in an address": lambda secret: quote(secret, safe=""),
    "in JSON": lambda secret: json.dumps(secret)[1:-1],
    "in hexadecimal": lambda secret: secret.encode().hex(),
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
}


@pytest.mark.parametrize("form", sorted(PRINTED))
@given(before=ORDINARY, secret=SECRETS, data=st.data())
def test_a_secret_is_masked_in_every_form_and_at_every_cut(
    form: str, before: str, secret: str, data: st.DataObject
) -> None:
    printed = PRINTED[form](secret)
    shown = printed[: data.draw(st.integers(1, len(printed)))]
    said = Masker([secret]).mask_truncated(f"{before} {shown}")
    assert said.startswith(before.rstrip()) or not before.strip()
    assert said.removeprefix(f"{before} ").strip() in (TRUNCATED, f"•••{TRUNCATED}")


LOOK_LIKE_ONE = [
    "AKIAIOSFODNN7EXAMPLE", "ghp_abcdefghijklmnopqrstuvwxyz", "xoxb-1234567890-abcdef", "--password hunter22",
    "password=hunter22", "Authorization: Bearer abc.def.ghi", "postgres://bot:hunter22@db/tocsin",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", '{"token":"hunter22"}', "https://hooks.slack.com/services/T0/B0/xyz",
    "-----BEGIN PRIVATE KEY-----\nMIIabc\nMIIdef\n-----END PRIVATE KEY-----",
]  # fmt: skip


@pytest.mark.parametrize("text", LOOK_LIKE_ONE)
def test_a_truncated_secret_is_removed_with_the_last_word(text: str) -> None:
    masker = Masker()
    for cut in range(1, len(text) + 1):
        said = masker.mask_truncated(f"NAME READY\napi 1/1\n{text[:cut]}")
        assert said.startswith("NAME READY\napi 1/1\n")
        rest = said.removeprefix("NAME READY\napi 1/1\n").removesuffix(TRUNCATED)
        assert rest.replace("•••", "").strip() in ("", "--password", "Authorization:", "Authorization: Bearer") or (
            text[: len(rest)] == rest and "-----BEGIN PRIVATE KEY".startswith(rest.strip())
        ), rest


def test_escape_sequences_hide_no_part_of_a_secret() -> None:
    masker = Masker(["geheim 12345"])
    assert masker.mask_truncated("ok geh\x1b[1meim 12\x1b[3") == f"ok {TRUNCATED}"
    assert masker.mask_truncated("ok geheim 12345") == f"ok {TRUNCATED}"
    assert masker.mask_truncated("ok geheim 12345\n") == f"ok •••\n{TRUNCATED}"


def test_text_cut_between_words_or_within_a_long_word_is_shown() -> None:
    assert Masker(["geheim 12345"]).mask_truncated("NAME READY\n") == f"NAME READY\n{TRUNCATED}"
    assert Masker().mask_truncated("a" * 3 * MAX_WORD_LENGTH) == "a" * 2 * MAX_WORD_LENGTH + TRUNCATED
    assert Masker().mask_truncated("") == ""

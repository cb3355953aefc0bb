"""Ordinal numbers as people write them."""

from __future__ import annotations

import pytest

from bot.domain.values.ordinals import ordinal


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_ordinals(number: int, words: str) -> None:
    assert ordinal(number) == words

"""Names and words of vendors."""

from __future__ import annotations

import pytest

from bot.domain.timeline.vendor_names import vendor_name, vendor_text


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Ana Ng", "Ana Ng"),
        ("U0NOOR0000", "U0NOOR0000 (PagerDuty)"),
        ("B0DEPLOYS0", "B0DEPLOYS0 (PagerDuty)"),
        ("ana@example.com", "ana at example.com (PagerDuty)"),
        ("TOCSIN", "TOCSIN (PagerDuty)"),
        ("<@U0NOOR0000>", " at U0NOOR0000 (PagerDuty)"),
        (" \n ", "somebody"),
    ],
)
def test_a_name_that_could_be_one_of_ours_names_its_vendor(name: str, kept: str) -> None:
    assert vendor_name(name, "PagerDuty") == kept.strip()


def test_a_mention_in_a_vendors_answer_mentions_nobody() -> None:
    assert vendor_text("refused for <@U0NOOR0000> & co") == "refused for @U0NOOR0000 & co"

"""The review of an incident draws on those merged into it, as far as everybody who reads it may see them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.json_shapes.incidents import review_json
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.incidents.assign_roles import assign_roles
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.merge import merge
from bot.usecases.incidents.note import note
from bot.usecases.reviews.read import read_review
from tests.usecases.conftest import MakeContext

ADA, BEN, CLEO = "U0ADA00000", "U0BEN00000", "U0CLEO0000"


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    """Ada's private incident, and Ben's, in which Ada responds, merged into it."""
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Keys leaked", "sev2", ADA, private=True))
    await declare(context, Declaration("A laptop is gone", "sev2", BEN, private=True))
    await acknowledge(context, 2, ADA)
    await note(context, 2, "It was on the 8:15 train", BEN)
    await merge(context, 2, 1, ADA)
    return context


async def read(context: Context) -> tuple[str, list[str]]:
    async with context.database.reading() as conn:
        review = review_json(await read_review(conn, context.policy, 1), datetime.now(UTC).date())
    return " ".join(sentence["text"] for part in review["sections"] for sentence in part["sentences"]), review[
        "participants"
    ]


async def test_a_private_merged_incident_is_drawn_on_while_all_readers_may_see_it(context: Context) -> None:
    text, participants = await read(context)
    assert "It was on the 8:15 train" in text
    assert participants == [ADA]  # Ben may not see the review, and is not asked about it


async def test_it_is_left_out_once_somebody_reads_the_review_who_may_not_see_it(context: Context) -> None:
    await assign_roles(context, 1, {"scribe": CLEO}, ADA)
    text, _ = await read(context)
    assert "8:15" not in text
    assert "INC-2 was merged into this incident" in text

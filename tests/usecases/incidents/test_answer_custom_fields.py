"""Answers to the organisation's own questions are stored by key and reported once."""

from __future__ import annotations

import pytest

from bot.domain.errors import Refused
from bot.usecases.context import Context
from bot.usecases.incidents.answer_custom_fields import answer_custom_fields
from bot.usecases.incidents.declare import Declaration, declare
from storage.timeline import entries
from tests.usecases.conftest import MakeContext

MAYA = "U0MAYA0000"
POLICY = """
preset: sev1-5
fields:
  ticket: {label: Ticket, kind: text}
  vendor: {label: Vendor at fault, kind: checkbox}
"""


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context(POLICY)
    await declare(context, Declaration("Checkout is down", "sev2", MAYA))
    return context


async def entry_texts(context: Context) -> list[str]:
    async with context.database.reading() as conn:
        return [record.entry.text for record in await entries.read(conn, 1) if record.entry.kind == "fields"]


async def test_answers_are_stored_by_key_and_each_change_is_told(context: Context) -> None:
    await answer_custom_fields(context, 1, {"ticket": "OPS-7", "vendor": True}, MAYA)
    incident = await answer_custom_fields(context, 1, {"ticket": "OPS-8"}, MAYA)
    assert incident.custom == {"ticket": "OPS-8", "vendor": True}
    assert await entry_texts(context) == ["Ticket: OPS-7; Vendor at fault: yes", "Ticket: OPS-8"]


async def test_an_answer_is_taken_back_by_none(context: Context) -> None:
    await answer_custom_fields(context, 1, {"ticket": "OPS-7"}, MAYA)
    assert (await answer_custom_fields(context, 1, {"ticket": None}, MAYA)).custom == {}
    assert await entry_texts(context) == ["Ticket: OPS-7", "Ticket: no answer"]


async def test_equal_answers_and_unknown_questions_change_nothing(context: Context) -> None:
    await answer_custom_fields(context, 1, {"ticket": "OPS-7"}, MAYA)
    assert (await answer_custom_fields(context, 1, {"ticket": "OPS-7", "weather": "fair"}, MAYA)).custom == {
        "ticket": "OPS-7"
    }
    assert len(await entry_texts(context)) == 1


async def test_without_questions_in_the_policy_there_is_nothing_to_answer(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev2", MAYA))
    with pytest.raises(Refused, match="asks no questions of its own"):
        await answer_custom_fields(context, 1, {"ticket": "OPS-7"}, MAYA)

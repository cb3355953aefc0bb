"""Another policy is applied to an incident only as it was previewed, and moves its deadlines."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot import policy as policy_reader
from bot.domain.errors import Refused
from bot.usecases.context import Context
from bot.usecases.incidents.change_policy import apply, preview
from bot.usecases.incidents.declare import Declaration, declare
from storage import deadlines, incidents
from storage.timeline import entries
from tests.usecases.conftest import START, MakeContext

MAYA = "U0MAYA0000"
POLICY = """
preset: sev1-5
severities:
  sev2: {{update_every: {every}, respond_within: null, escalate_after: null, roles: [], ladder: []}}
"""


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context(POLICY.format(every="2h"))
    await declare(context, Declaration("Checkout is down", "sev2", MAYA))
    return context


def puts_in_force(context: Context, folder: Path, every: str) -> str:
    """Another policy is in force from now on. Returns its digest."""
    (folder / "other.yml").write_text(POLICY.format(every=every))
    loaded = policy_reader.read(folder / "other.yml")
    context.policies.current, context.policies.document = loaded.policy, loaded.document
    return loaded.policy.digest


async def test_the_preview_says_what_would_change_and_changes_nothing(context: Context, tmp_path: Path) -> None:
    digest = puts_in_force(context, tmp_path, "15m")
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, 1)
        assert incident is not None
        policy = await context.policies.of(conn, incident)
    shown = preview(context, incident, policy)
    assert (shown.digest, shown.changes) == (digest, ("a status update every 15m, not 2h",))
    assert [each.due_at - START for each in shown.ahead] == [timedelta(minutes=15)]
    async with context.database.reading() as conn:
        assert await incidents.get(conn, 1) == incident


async def test_the_previewed_policy_is_applied_once_and_moves_the_deadlines(context: Context, tmp_path: Path) -> None:
    digest = puts_in_force(context, tmp_path, "15m")
    incident = await apply(context, 1, digest, MAYA)
    assert (incident.policy, incident.policy_changes) == (digest, 1)
    async with context.database.reading() as conn:
        assert [row.due_at - START for row in await deadlines.waiting(conn, 1)] == [timedelta(minutes=15)]
        assert [record.entry.kind for record in await entries.read(conn, 1)] == ["declared", "policy"]
    with pytest.raises(Refused, match="follows the policy in force already"):
        await apply(context, 1, digest, MAYA)


async def test_a_policy_that_changed_since_the_preview_is_not_applied(context: Context, tmp_path: Path) -> None:
    seen = puts_in_force(context, tmp_path, "15m")
    puts_in_force(context, tmp_path, "30m")
    with pytest.raises(Refused, match="changed again since you looked"):
        await apply(context, 1, seen, MAYA)


async def test_only_whom_the_policy_names_applies_another(make_context: MakeContext, tmp_path: Path) -> None:
    context = make_context(POLICY.format(every="2h") + "permissions: {policy: ['user:U0TOM00000']}\n")
    await declare(context, Declaration("Checkout is down", "sev2", MAYA))
    context.policies.current = context.policy
    with pytest.raises(Refused, match="apply another policy"):
        await apply(context, 1, context.policy.digest, MAYA)

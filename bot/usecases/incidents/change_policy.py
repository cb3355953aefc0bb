"""Bring the policy in force to an incident that was declared under another: what would change, then the change."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain import policy_change as verbs
from bot.domain.deadlines import Deadline, plan
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import BOT
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.effects import role_shifts
from bot.usecases.unit_of_work import locked_incident
from storage import policies

PAGING = ("acknowledge", "mitigate")


@dataclass(frozen=True, slots=True)
class Preview:
    """`digest` names the policy that was looked at. `ahead`: what would be asked and paged from then on, soonest first.

    `digest` is None where the incident goes by the policy in force.
    """

    digest: str | None
    changes: tuple[str, ...] = ()
    ahead: tuple[Deadline, ...] = ()


def preview(context: Context, incident: Incident, policy: Policy) -> Preview:
    """`policy` is the one it goes by. Raises `Refused` where the policy in force cannot be brought to it."""
    wanted, now = context.policies.current, context.clock.now()
    if verbs.is_unchanged(incident, policy, wanted):
        return Preview(None)
    change = verbs.apply(incident, policy, wanted, BOT, now)
    ahead = sorted(plan(change.incident, wanted), key=lambda one: one.due_at)
    return Preview(wanted.digest, tuple(change.entries[0].data["changes"]), tuple(ahead))


async def apply(context: Context, number: int, digest: str, actor: str, delivery: str | None = None) -> Incident:
    """`digest` is of the policy whose changes the actor has seen. Raises `Refused` where it is another by now."""
    wanted, document = context.policies.current, context.policies.document  # both now: they may change while we wait
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "policy", actor, work.incident)
        if verbs.is_unchanged(work.incident, work.policy, wanted):
            raise Refused(f"{work.incident.id} goes by the policy in force already.")
        if digest != wanted.digest:
            raise Refused("The policy has changed again since you looked. Look once more.", "policy")
        if any(one.kind in PAGING and one.due_at <= work.now for one in plan(work.incident, work.policy)):
            raise Refused("Somebody is being paged this very moment. Try again in a few seconds.", "policy")
        change = verbs.apply(work.incident, work.policy, wanted, actor, work.now)
        await policies.remember(work.conn, wanted.digest, document, work.now)
        changed = await role_shifts.with_current_shifts(work.conn, change.incident, wanted, work.now)
        return await work.commit(replace(change, incident=changed), policy=wanted)

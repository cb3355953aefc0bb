"""Applies the policy in force to an incident declared under another one, after a preview of the differences."""

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
    """The changes that applying the policy in force would make."""

    digest: str | None  # of the policy in force; None: the incident follows it already
    changes: tuple[str, ...] = ()  # in words
    ahead: tuple[Deadline, ...] = ()  # the deadlines from then on, soonest first


def preview(context: Context, incident: Incident, policy: Policy) -> Preview:
    """Preview the changes. `policy` is the incident's own. Raises `Refused` if the policy in force does not fit it."""
    current, now = context.policies.current, context.clock.now()
    if verbs.is_unchanged(incident, policy, current):
        return Preview(None)
    change = verbs.apply(incident, policy, current, BOT, now)
    ahead = sorted(plan(change.incident, current), key=lambda deadline: deadline.due_at)
    return Preview(current.digest, tuple(change.entries[0].data["changes"]), tuple(ahead))


async def apply(context: Context, number: int, digest: str, actor: str, delivery: str | None = None) -> Incident:
    """Apply the policy in force. `digest` is of the policy whose preview the actor saw.

    Raises `Refused` if another policy is in force by now.
    """
    current, document = (
        context.policies.current,
        context.policies.document,
    )  # read together: they may change while we wait
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "policy", actor, work.incident)
        if verbs.is_unchanged(work.incident, work.policy, current):
            raise Refused(f"{work.incident.id} follows the policy in force already.")
        if digest != current.digest:
            raise Refused("The policy has changed again since you looked. Look once more.", "policy")
        if any(
            deadline.kind in PAGING and deadline.due_at <= work.now for deadline in plan(work.incident, work.policy)
        ):
            raise Refused("A page is going out at this moment. Try again in a few seconds.", "policy")
        change = verbs.apply(work.incident, work.policy, current, actor, work.now)
        await policies.remember(work.conn, current.digest, document, work.now)
        updated = await role_shifts.with_current_shifts(work.conn, change.incident, current, work.now)
        return await work.commit(replace(change, incident=updated), policy=current)

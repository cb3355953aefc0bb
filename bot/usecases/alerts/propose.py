"""Asks whether an incident is resolved once its alerts are, and takes the answer. No alert resolves an incident."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts import entries
from bot.domain.alerts.group import GroupChange
from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident
from bot.domain.policy.alert_rules import AlertRules, OnResolved
from bot.domain.routing.notice import Notice
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident
from storage.alerts import groups, proposals
from storage.alerts.proposals import ProposalState


async def follow(
    conn: AsyncConnection, incident: Incident, changes: Sequence[GroupChange], rules: AlertRules
) -> list[Notice]:
    """Ask if the incident's last alert resolved and a route says so; withdraw the question if one fires again."""
    if any(change.fired for change in changes):
        withdrawn = await proposals.fire_again(conn, [incident.number])
        return [routing.proposal_edit(proposal.incident, proposal.turn) for proposal in withdrawn]
    ended = [change.group for change in changes if change.over]
    asking = [group for group in ended if rules.route(group.route).resolve is OnResolved.PROPOSE]
    if not asking or await groups.fires_in_incident(conn, incident.number):
        return []
    proposal = await proposals.ask(conn, incident.number, asking[-1].number)
    return [routing.proposal(incident.number, proposal.turn)]


async def keep_open(context: Context, number: int, turn: int, actor: str, delivery: str | None = None) -> Incident:
    """Answer that the incident is not resolved. Raises `Refused` if the question is withdrawn or answered."""
    authorize.require(context, "note", actor)
    async with locked_incident(context, number, delivery) as work:
        if not await proposals.keep_open(work.conn, number, turn, actor):
            raise Refused(await _overtaken(work.conn, work.incident), "resolve What fixed it")
        return await work.commit(
            Change(work.incident, (entries.of_keeping_open(actor, work.now),)), [routing.proposal_edit(number, turn)]
        )


async def _overtaken(conn: AsyncConnection, incident: Incident) -> str:
    if not incident.open:
        return f"{incident.id} is {incident.status} already."
    proposal = await proposals.of_incident(conn, incident.number)
    if proposal is not None and proposal.state is ProposalState.FIRED_AGAIN:
        return f"Alerts of {incident.id} fire again; it stays open."
    return f"Somebody keeps {incident.id} open already."
